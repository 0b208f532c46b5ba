package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/headrace/headrace/sdk/fault"
)

const (
	// maxAddresses bounds the buckets in memory, about 2 MB of them.
	maxAddresses = 10_000
	// victims are looked at when a bucket has to go; the fullest does, since
	// its owner loses least.
	victims = 8
)

// addressLimit is a token bucket for each address. An IPv6 client is its /64:
// whoever has one address there has all of them.
type addressLimit struct {
	perSecond rate.Limit
	burst     int

	mu      sync.Mutex
	buckets map[netip.Addr]*rate.Limiter
}

func newAddressLimit(perSecond, burst int) *addressLimit {
	return &addressLimit{perSecond: rate.Limit(perSecond), burst: burst, buckets: make(map[netip.Addr]*rate.Limiter)}
}

// standing is what a limit says of one request.
type standing struct {
	allowed bool
	// left are the requests that may follow at once.
	left int
	// reset is when the next one may come, or when all are there again.
	reset time.Duration
}

func (l *addressLimit) take(address netip.Addr, now time.Time) standing {
	bucket := l.bucket(address, now)
	s := standing{allowed: bucket.AllowN(now, 1)}
	tokens := bucket.TokensAt(now)
	missing := float64(l.burst) - tokens
	if !s.allowed {
		missing = 1 - tokens
	}
	s.left = max(0, int(tokens))
	s.reset = time.Duration(missing / float64(l.perSecond) * float64(time.Second))
	return s
}

func (l *addressLimit) bucket(address netip.Addr, now time.Time) *rate.Limiter {
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			address = prefix.Addr()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if bucket := l.buckets[address]; bucket != nil {
		return bucket
	}
	if len(l.buckets) >= maxAddresses {
		l.evict(now)
	}
	bucket := rate.NewLimiter(l.perSecond, l.burst)
	l.buckets[address] = bucket
	return bucket
}

func (l *addressLimit) evict(now time.Time) {
	var fullest netip.Addr
	most, seen := -1.0, 0
	for address, bucket := range l.buckets {
		if tokens := bucket.TokensAt(now); tokens > most {
			fullest, most = address, tokens
		}
		if seen++; seen == victims {
			break
		}
	}
	delete(l.buckets, fullest)
}

// withinLimit answers 429 to an address that asks too often without valid
// credentials; requests with them never come here.
func (a *API) withinLimit(w http.ResponseWriter, r *http.Request, x *exchange) bool {
	s := a.anonymous.take(x.address, a.cfg.Now())
	seconds := wholeSeconds(s.reset)
	h := w.Header()
	window := wholeSeconds(time.Duration(float64(a.anonymous.burst) / float64(a.anonymous.perSecond) * float64(time.Second)))
	h["Ratelimit-Policy"] = []string{`"anonymous";q=` + strconv.Itoa(a.anonymous.burst) + ";w=" + strconv.Itoa(window)}
	h["Ratelimit"] = []string{fmt.Sprintf(`"anonymous";r=%d;t=%d`, s.left, seconds)}
	if s.allowed {
		return true
	}
	a.metrics.limited.Inc()
	a.fail(w, r, &fault.Error{
		Code: fault.RateLimitExceeded, Msg: "too many requests without valid credentials from this address",
		RetryAfter: time.Duration(seconds) * time.Second,
	})
	return false
}
