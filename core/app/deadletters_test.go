package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/headrace/headrace/core/archive"
	"github.com/headrace/headrace/core/testenv"
)

const dies = `{"type":"demo.fail","payload":{"code":"not_found","message":"no 5","times":1}}`

func TestDeadLettersAreRedrivenOverHTTP(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, r *rig) {
		one, other, gone := r.submit(dies), r.submit(dies), r.submit(dies)
		for _, id := range []string{one, other, gone} {
			r.wait(id, "dead_letter")
		}
		if status, answer := r.call("DELETE", "/api/dlq/"+gone, ""); status != http.StatusNoContent {
			t.Errorf("remove: %d %v", status, answer)
		}
		if status, answer := r.call("GET", "/api/tasks/"+gone, ""); status != http.StatusNotFound {
			t.Errorf("removed: %d %v", status, answer)
		}
		if status, answer := r.call("POST", "/api/dlq/"+one+"/retry", ""); status != http.StatusOK || answer["status"] != "pending" {
			t.Errorf("retry: %d %v", status, answer)
		}
		r.wait(one, "completed")
		_, answer := r.call("POST", "/api/dlq/redrive", `{"filter":{"type":"demo.fail","code":"not_found"}}`)
		id, _ := answer["id"].(string)
		done := r.wait(other, "completed")
		if done["redrive_count"] == nil {
			t.Errorf("the redriven task: %v", done)
		}
		for state := ""; state != "done"; pause(t) {
			_, answer = r.call("GET", "/api/dlq/redrives/"+id, "")
			if state, _ = answer["state"].(string); state == "" || t.Context().Err() != nil {
				t.Fatalf("redrive: %v", answer)
			}
		}
		if got := answer["redriven"]; got != answer["matched"] {
			t.Errorf("redrive: %v", answer)
		}
		_, metrics, _ := r.raw("GET", "/metrics", "")
		for _, name := range []string{"dlq_size", "dlq_tasks_cleaned", "dlq_tasks_remaining", "dlq_cleanup_duration", "dlq_cleanup_success", "dlq_cleanup_failure"} {
			if !strings.Contains(string(metrics), "\n"+name+" ") {
				t.Errorf("no sample of %s", name)
			}
		}
	})
}

func TestDeadLettersAreRetriedByThemselves(t *testing.T) {
	t.Parallel()
	r := node(t, sqliteFile(t.TempDir())+"dead_letter {\n auto_retry = true\n retry_limit = 1\n backoff = \"50ms\"\n}\n")
	if done := r.wait(r.submit(dies), "completed"); done["redrive_count"] == nil {
		t.Errorf("the task: %v", done)
	}
}

func TestWhatIsEvictedIsArchivedFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := node(t, realServers(t, testenv.Postgres(t))+"dead_letter {\n max_size = 1\n cleanup_every = \"1h\"\n}\narchive \"local\" {\n path = \""+dir+"\"\n}\n")
	var ids []string
	for range 3 {
		ids = append(ids, r.submit(dies))
		r.wait(ids[len(ids)-1], "dead_letter")
	}
	status, answer := r.call("POST", "/api/dlq/cleanup", "")
	if status != http.StatusOK || answer["removed"] == nil {
		t.Fatalf("cleanup: %d %v", status, answer)
	}
	for i, want := range []int{http.StatusNotFound, http.StatusNotFound, http.StatusOK} {
		if status, answer := r.call("GET", "/api/dlq/"+ids[i], ""); status != want {
			t.Errorf("dead letter %d: %d %v", i, status, answer)
		}
	}
	folder, err := archive.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := folder.Files()
	records := 0
	for _, f := range files {
		records += f.Records
		if err := folder.Check(f); err != nil {
			t.Error(err)
		}
	}
	if err != nil || records < 2 {
		t.Errorf("%d records in %+v, %v", records, files, err)
	}
}
