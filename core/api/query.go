package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/sdk/fault"
)

// checkQuery refuses parameters that the operation does not have, that stand
// twice, or that are no text.
func checkQuery(raw string, op *operation) error {
	if raw == "" {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return fault.New(fault.InvalidInput, "the query cannot be read")
	}
	wrong := map[string]any{}
	for name, given := range values {
		switch {
		case !op.takes(name):
			wrong[printable(name)] = "unknown parameter"
		case len(given) > 1:
			wrong[printable(name)] = "given more than once"
		case !cleanText(name) || !cleanText(given[0]):
			wrong[printable(name)] = "not UTF-8, or holds the NUL character"
		}
	}
	if len(wrong) > 0 {
		return badParameters(wrong)
	}
	return nil
}

// badParameters names parameters with what is wrong with them.
func badParameters(wrong map[string]any) *fault.Error {
	return &fault.Error{
		Code: fault.InvalidInput, Msg: "parameters do not fit", Details: map[string]any{"fields": wrong},
	}
}

func oneBadParameter(name, why string) *fault.Error {
	return badParameters(map[string]any{name: why})
}

func cleanText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// maxShown bounds how much of a name comes back in an answer.
const maxShown = 64

// printable makes a name fit to be shown.
func printable(name string) string {
	name = strings.ToValidUTF8(name, "�")
	if len(name) > maxShown {
		name = strings.ToValidUTF8(name[:maxShown], "") + "…"
	}
	return name
}

// badParameter answers a parameter that the generated code could not read.
func (a *API) badParameter(w http.ResponseWriter, r *http.Request, err error) {
	name, why := "request", "cannot be read"
	var (
		format  *openapi.InvalidParamFormatError
		missing *openapi.RequiredParamError
		header  *openapi.RequiredHeaderError
		many    *openapi.TooManyValuesForParamError
	)
	switch {
	case errors.As(err, &format):
		name, why = format.ParamName, "has the wrong form"
	case errors.As(err, &missing):
		name, why = missing.ParamName, "is needed"
	case errors.As(err, &header):
		name, why = header.ParamName, "is needed"
	case errors.As(err, &many):
		name, why = many.ParamName, "given more than once"
	}
	a.fail(w, r, oneBadParameter(name, why))
}
