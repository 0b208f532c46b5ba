package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxRedisURLs bounds a list of nodes or sentinels.
const maxRedisURLs = 100

// A prefix with braces would make a hash tag of its own.
var redisPrefix = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

func (l *loader) readRedis(from *hclsyntax.Block) {
	b, r := l.openBlock(from), &l.cfg.Redis
	b.text("prefix", &r.Prefix, matches(redisPrefix, "1 to 64 letters, digits, dots, colons, _ or -"))
	l.readRedisServer(b, r)
	l.readRedisTLS(b, r)
	b.readRedisLogin(r)
	b.close()
	r.Place = b.place
}

// readRedisServer reads the attributes that say which Redis, of which one is
// given.
func (l *loader) readRedisServer(b *block, r *Redis) {
	var url Secret
	var embedded bool
	hasURL := b.secret("url", &url, redisURL)
	cluster := b.urls("urls", redisURL)
	sentinels := b.urls("sentinels", sentinelAddress)
	b.text("master", &r.Master, notEmpty)
	b.flag("embedded", &embedded)
	if b.head.Filename == "" || !b.oneServer() {
		return
	}
	switch {
	case hasURL:
		r.Kind, r.URLs = RedisSingle, []Secret{url}
	case cluster != nil:
		r.Kind, r.URLs = RedisCluster, cluster
	case sentinels != nil:
		r.Kind, r.URLs = RedisSentinel, sentinels
	case embedded:
		r.Kind = RedisEmbedded
	case !b.failed:
		b.errorf(b.head, "Missing attribute", "embedded is false, so %q needs url, urls or sentinels", b.name)
	}
}

// readRedisTLS reads the block tls, which makes sense only where a URL asks for
// TLS.
func (l *loader) readRedisTLS(b *block, r *Redis) {
	inner, given := b.child("tls"), false
	for _, file := range []struct {
		name string
		path *string
	}{{"ca", &r.TLS.CA}, {"cert", &r.TLS.Cert}, {"key", &r.TLS.Key}} {
		if inner.text(file.name, file.path, notEmpty) {
			*file.path, given = l.besideFile(*file.path), true
		}
	}
	switch {
	case inner.failed:
	case (r.TLS.Cert == "") != (r.TLS.Key == ""):
		inner.errorf(inner.head, "Missing attribute", "cert and key go together")
	case given && len(r.URLs) > 0 && !speaksTLS(r.URLs):
		inner.errorf(inner.head, "Conflicting attributes", "no URL of %q asks for TLS: write rediss:// in place of redis://", b.name)
	}
	b.adopt(inner)
}

func speaksTLS(urls []Secret) bool {
	return slices.ContainsFunc(urls, func(url Secret) bool { return strings.HasPrefix(url.Reveal(), "rediss://") })
}

// readRedisLogin reads how to log in to the server that sentinels name. In all
// other cases the URL says it.
func (b *block) readRedisLogin(r *Redis) {
	named := b.text("username", &r.Username, notEmpty)
	known := b.secret("password", &r.Password, notEmpty)
	if r.Kind == RedisSentinel || r.Kind == RedisNone || !named && !known {
		return
	}
	name := "password"
	if named {
		name = "username"
	}
	b.errorf(b.place.Of(name), "Conflicting attributes", "%s goes with sentinels only; elsewhere it is a part of the url", name)
}

// oneServer checks that the block says once where Redis is.
func (b *block) oneServer() bool {
	var given []string
	for _, name := range []string{"url", "urls", "sentinels", "embedded"} {
		if b.body.Attributes[name] != nil {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0:
		b.errorf(b.head, "Missing attribute",
			"%q must say where Redis is: url, urls (a cluster), sentinels and master, or embedded = true", b.name)
	case len(given) > 1:
		b.errorf(b.place.Of(given[1]), "Conflicting attributes", "%s exclude each other", strings.Join(given, " and "))
	case given[0] == "sentinels":
		return b.require("master", "the sentinels know the server by this name")
	case b.body.Attributes["master"] != nil:
		b.errorf(b.place.Of("master"), "Conflicting attributes", "master goes with sentinels only")
	}
	return len(given) == 1
}

// urls reads a list of addresses that are secrets; nil when there is none.
func (b *block) urls(name string, check func(string) string) []Secret {
	settings, ok := b.secretTexts(name)
	if !ok {
		return nil
	}
	if n := len(settings); n == 0 || n > maxRedisURLs {
		b.errorf(b.place.Of(name), "Invalid value", "%q must have 1 to %d entries", name, maxRedisURLs)
		return nil
	}
	var urls []Secret
	for _, s := range settings {
		if must := check(s.value.AsString()); must != "" {
			b.errorf(s.at, "Invalid value", "%q is %s; it must be %s", name, s.show(), must)
			return nil
		}
		urls = append(urls, Secret(s.value.AsString()))
	}
	return urls
}
