package config

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// hiddenText stands where a secret was.
const hiddenText = "(secret)"

// Secret is text that every way of printing hides; Reveal gives it.
type Secret string

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hiddenText
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalJSON hides the text.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// secretMark is the cty mark of values that must not be shown. It travels
// through every expression that such a value goes into.
type secretMark struct{}

// minScrubbed is the shortest secret, in bytes, that is looked for anywhere in
// a text: replacing shorter ones would only make the text unreadable. Those are
// looked for in quotes, which is how values stand in messages.
const minScrubbed = 4

// secrets are the values to keep out of everything that is shown.
type secrets struct {
	values map[string]bool
	// order has the longest first, so that no part of a secret stays behind
	// because a shorter one was taken out of it; nil after an addition.
	order []string
}

func newSecrets() *secrets { return &secrets{values: map[string]bool{}} }

// add takes the text, its trimmed and quoted forms, and the password when it is
// a URL.
func (s *secrets) add(text string) {
	s.addForms(text)
	s.addForms(strings.TrimSpace(text))
	if u, err := url.Parse(text); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			s.addForms(password)
			s.addForms(url.PathEscape(password))
		}
	}
}

func (s *secrets) addForms(text string) {
	quoted := strconv.Quote(text)
	forms := []string{text, quoted[1 : len(quoted)-1]}
	if text == "" {
		return
	}
	if len(text) < minScrubbed {
		forms = []string{`"` + text + `"`, quoted}
	}
	for _, form := range forms {
		if !s.values[form] {
			s.values[form] = true
			s.order = nil
		}
	}
}

// addValue takes every text and number inside an unmarked value.
func (s *secrets) addValue(v cty.Value) {
	if v.IsNull() || !v.IsKnown() {
		return
	}
	switch ty := v.Type(); {
	case ty == cty.String:
		s.add(v.AsString())
	case ty == cty.Number:
		s.add(numberText(v))
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			s.addValue(element)
		}
	}
}

// find says where in text secrets stand; the parts may overlap.
func (s *secrets) find(text string) []span {
	var found []span
	for _, value := range s.ordered() {
		for at := 0; ; {
			n := strings.Index(text[at:], value)
			if n < 0 {
				break
			}
			found = append(found, span{at + n, at + n + len(value)})
			at += n + 1
		}
	}
	return found
}

// scrub replaces every secret inside text.
func (s *secrets) scrub(text string) string {
	for _, value := range s.ordered() {
		text = strings.ReplaceAll(text, value, hiddenText)
	}
	return text
}

func (s *secrets) ordered() []string {
	if s.order == nil {
		s.order = []string{}
		for value := range s.values {
			s.order = append(s.order, value)
		}
		slices.SortFunc(s.order, func(a, b string) int {
			if d := len(b) - len(a); d != 0 {
				return d
			}
			return strings.Compare(a, b)
		})
	}
	return s.order
}
