package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/sdk/fault"
)

// API answers requests. It is an http.Handler.
type API struct {
	cfg        Config
	router     *mux.Router
	operations map[*mux.Route]*operation
	public     map[string]bool
	literal    map[string]bool
	anonymous  *addressLimit
	inFlight   *inFlight
	metrics    *metrics
}

// New makes an API. It fails when the routes, the OpenAPI document and the
// table of permissions do not agree.
func New(cfg Config) (*API, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	a := &API{
		cfg: cfg, router: mux.NewRouter().SkipClean(true), inFlight: newInFlight(),
		anonymous: newAddressLimit(cfg.AnonymousPerSecond, cfg.AnonymousBurst),
		metrics:   newMetrics(cfg.Registerer),
	}
	a.router.NotFoundHandler = http.HandlerFunc(a.noRoute)
	a.router.MethodNotAllowedHandler = http.HandlerFunc(a.noMethod)
	openapi.HandlerWithOptions(handlers{a}, openapi.GorillaServerOptions{
		BaseRouter: a.router, ErrorHandlerFunc: a.badParameter,
	})
	if a.operations, err = bindOperations(a.router); err != nil {
		return nil, err
	}
	a.public, a.literal = publicPaths(a.operations), literalPaths(a.operations)
	a.router.Use(a.admit)
	return a, nil
}

// handlers are the operations of the document; one file each.
type handlers struct{ *API }

var _ openapi.ServerInterface = handlers{}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := a.cfg.Now()
	x := &exchange{requestID: requestID(r), address: clientAddress(r, a.cfg.TrustedProxies)}
	rec := &recorder{ResponseWriter: w}
	setSecurityHeaders(rec.Header(), r)
	rec.Header()["X-Request-Id"] = []string{x.requestID}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	defer func() {
		if cause := recover(); cause != nil {
			a.panicked(rec, r, cause)
		}
		a.metrics.observe(r.Method, x.op, rec.status, a.cfg.Now().Sub(start))
	}()
	if r.Method == http.MethodHead {
		asGet := *r // net/http leaves the body out
		asGet.Method = http.MethodGet
		r = &asGet
	}
	if a.identify(rec, r, x) {
		a.router.ServeHTTP(rec, r)
	}
}

// identify finds out who asks; false: the request has its answer.
func (a *API) identify(w http.ResponseWriter, r *http.Request, x *exchange) bool {
	if a.public[r.URL.Path] {
		return a.withinLimit(w, r, x) && a.headersFit(w, r)
	}
	credential, shown := bearer(r)
	if !shown {
		return a.withinLimit(w, r, x) && a.unauthorized(w, r, fault.New(fault.Unauthorized, "credentials are needed: Authorization: Bearer KEY"))
	}
	if !a.headersFit(w, r) {
		return false
	}
	if a.cfg.Checks.StoreAway() {
		a.fail(w, r, storeAway(nil))
		return false
	}
	principal, err := a.cfg.Authenticator.Authenticate(r.Context(), credential)
	if fault.CodeOf(err) == fault.Unauthorized {
		return a.withinLimit(w, r, x) && a.refusedCredential(w, r, x, err)
	}
	if err != nil {
		a.fail(w, r, err)
		return false
	}
	x.principal = principal
	return true
}

// refusedCredential answers 401, and lets it be known.
func (a *API) refusedCredential(w http.ResponseWriter, r *http.Request, x *exchange, err error) bool {
	a.cfg.Watch.AuthFailed(x.refusal(r))
	return a.unauthorized(w, r, err)
}

func (a *API) unauthorized(w http.ResponseWriter, r *http.Request, err error) bool {
	w.Header().Set("WWW-Authenticate", `Bearer realm="headrace"`)
	a.fail(w, r, err)
	return false
}

// admit holds a request against its operation before the handler sees it.
func (a *API) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r)
		x.op = a.operations[mux.CurrentRoute(r)]
		if a.strays(x.op, r.URL.Path) {
			a.noMethod(w, r)
			return
		}
		x.reach = x.principal.Role.Grants(x.op.permission)
		if x.reach == auth.None {
			a.cfg.Watch.Forbidden(x.refusal(r))
			a.fail(w, r, refuse(http.StatusForbidden, fault.Newf(fault.Unauthorized, "the permission %s is needed", x.op.permission)))
			return
		}
		if err := checkForm(r, x.op); err != nil {
			a.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkForm checks what needs no handler.
func checkForm(r *http.Request, op *operation) error {
	if op.json && !acceptsJSON(r.Header["Accept"]) {
		return refuse(http.StatusNotAcceptable, fault.New(fault.InvalidInput, "the answer is application/json, which Accept excludes"))
	}
	if err := checkQuery(r.URL.RawQuery, op); err != nil {
		return err
	}
	if op.hasBody {
		return checkBodyType(r)
	}
	return nil
}

func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, fault.New(fault.NotFound, "there is no such route"))
}

func (a *API) noMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", a.allowed(r))
	a.fail(w, r, refuse(http.StatusMethodNotAllowed, fault.Newf(fault.InvalidInput, "the route does not take this method; it takes %s", w.Header().Get("Allow"))))
}

// readLimit bounds one question to the store: a store that hangs is a store
// that is away.
const readLimit = 10 * time.Second
