package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/core/intake"
	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

const (
	// keyLife is how long an answer is remembered.
	keyLife = 24 * time.Hour
	// maxKey bounds an Idempotency-Key.
	maxKey = 255
)

// answer is what a submission is told.
type answer struct {
	status int
	body   []byte
}

// submit runs a submission once: the answer to an earlier request with the same
// Idempotency-Key stands in for it.
func (a *API) submit(
	w http.ResponseWriter, r *http.Request, key *string, body []byte, run func(*task.Idempotency) (answer, error),
) {
	if key == nil {
		ans, err := run(nil)
		a.tell(w, r, ans, err)
		return
	}
	memo, err := a.newMemo(r, *key, body)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	done, free := a.inFlight.begin(memo)
	if !free {
		a.fail(w, r, refuse(http.StatusConflict, &fault.Error{
			Code: fault.InvalidInput, Msg: "a request with this Idempotency-Key still runs", RetryAfter: time.Second,
		}))
		return
	}
	defer done()
	ans, replayed, err := a.once(r, memo, run)
	if replayed {
		w.Header()["Idempotent-Replayed"] = []string{"true"}
	}
	a.tell(w, r, ans, err)
}

func (a *API) tell(w http.ResponseWriter, r *http.Request, ans answer, err error) {
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if ans.status == http.StatusCreated {
		w.Header()["Location"] = []string{"/api/tasks/" + idOf(ans.body)}
	}
	a.reply(w, ans.status, plainJSON, ans.body)
}

// idOf finds the id in the answer to a submission.
func idOf(body json.RawMessage) string {
	for key, value := range strictjson.Members(body) {
		if key == "id" {
			return strictjson.Text(value)
		}
	}
	return ""
}

func (a *API) newMemo(r *http.Request, key string, body []byte) (*task.Idempotency, error) {
	if !visible(key) {
		return nil, oneBadParameter("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
	}
	x := exchangeOf(r)
	hash := sha256.Sum256(body)
	return &task.Idempotency{
		Principal: x.principal.Name, Route: r.Method + " " + x.op.route, Key: key,
		RequestHash: hash[:], Expires: a.cfg.Now().Add(keyLife),
	}, nil
}

func visible(key string) bool {
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}

// once looks the key up, runs the request if it is new, and looks again if
// another node was quicker.
func (a *API) once(r *http.Request, memo *task.Idempotency, run func(*task.Idempotency) (answer, error)) (ans answer, replayed bool, err error) {
	ans, found, err := a.remembered(r, memo)
	if found || err != nil {
		return ans, found, err
	}
	ans, err = run(memo)
	if !errors.Is(err, intake.ErrKeyTaken) {
		return ans, false, err
	}
	ans, found, err = a.remembered(r, memo)
	if err == nil && !found { // it expired between the two looks
		err = refuse(http.StatusConflict, &fault.Error{
			Code: fault.InvalidInput, Msg: "the Idempotency-Key has just expired; send the request again", RetryAfter: time.Second,
		})
	}
	return ans, found, err
}

// remembered finds the answer to an earlier request with the same key; it is an
// error if that had another body.
func (a *API) remembered(r *http.Request, memo *task.Idempotency) (ans answer, found bool, err error) {
	ctx, cancel := a.readContext(r)
	defer cancel()
	earlier, err := a.cfg.Store.Idempotent(ctx, memo.Principal, memo.Route, memo.Key)
	if err != nil || earlier == nil {
		return answer{}, false, err
	}
	if !bytes.Equal(earlier.RequestHash, memo.RequestHash) {
		return answer{}, false, fault.New(fault.ValidationError, "the Idempotency-Key was used with another body")
	}
	return answer{earlier.Status, earlier.Body}, true, nil
}

// inFlight knows the requests with an Idempotency-Key that this node works on.
// It is bounded by the number of requests.
type inFlight struct {
	mu   sync.Mutex
	keys map[requestKey]struct{}
}

type requestKey struct{ principal, route, key string }

func newInFlight() *inFlight { return &inFlight{keys: make(map[requestKey]struct{})} }

// begin takes the key, unless another request has it; done gives it back.
func (f *inFlight) begin(memo *task.Idempotency) (done func(), free bool) {
	k := requestKey{memo.Principal, memo.Route, memo.Key}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.keys[k]; taken {
		return nil, false
	}
	f.keys[k] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, k)
	}, true
}
