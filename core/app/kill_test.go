package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/headrace/headrace/core/testenv"
)

// runNode is a node in a process of its own: it prints its address and works
// until it is killed.
func runNode(path string) int {
	source, err := os.ReadFile(path)
	if err == nil {
		err = serveNode(string(source), filepath.Dir(path))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveNode(source, folder string) error {
	ctx := context.Background()
	log := hclog.NewNullLogger()
	if os.Getenv("HEADRACE_TEST_LOG") != "" {
		log = hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Debug})
	}
	a, err := open(ctx, source, folder, log)
	if err != nil {
		return err
	}
	fmt.Println("http://" + a.Addr().String())
	return a.Run(ctx)
}

// spawn starts a node in a process of its own; kill is kill -9.
func spawn(t *testing.T, path string) (r *rig, kill func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "node", path)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Signal(syscall.SIGKILL) // it may be dead already
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		kill()
		t.Fatalf("the node did not start: %v\n%s", err, said.String())
	}
	return &rig{t: t, url: strings.TrimSpace(address)}, kill
}

func TestKilledEngineLosesNothing(t *testing.T) {
	t.Parallel()
	for name, storage := range map[string]func(t *testing.T) string{
		"embedded":           func(t *testing.T) string { return sqliteFile(t.TempDir()) },
		"postgres and redis": func(t *testing.T) string { return realServers(t, testenv.Postgres(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "node.hcl")
			if err := os.WriteFile(path, []byte(file(storage(t))), 0o600); err != nil {
				t.Fatal(err)
			}
			killWithWork(t, path)
		})
	}
}

// killWithWork kills a node while 50 tasks run and 1,000 wait, starts it again
// and looks at the outcome of each.
func killWithWork(t *testing.T, path string) {
	first, kill := spawn(t, path)
	soon := time.Now().Add(4 * time.Second).UTC().Format(time.RFC3339Nano)
	waiting := first.submitMany(fmt.Sprintf(`{"type":"demo.sleep","payload":{"ms":1},"run_at":%q}`, soon), 1000)
	running := first.submitMany(`{"type":"demo.sleep","payload":{"ms":10000}}`, 50)
	for _, id := range running {
		first.wait(id, "running")
	}
	kill()
	second, _ := spawn(t, path)
	for _, id := range append(running, waiting...) {
		answer := second.wait(id, "completed", "failed", "dead_letter", "cancelled")
		if answer["status"] != "completed" {
			t.Errorf("task %s: %v", id, answer)
		}
	}
	for _, id := range running {
		answer := second.wait(id, "completed")
		if fmt.Sprint(answer["retry_count"]) != "0" || fmt.Sprint(answer["attempt"]) != "2" || fmt.Sprint(answer["lapse_count"]) != "1" {
			t.Errorf("a task that ran: %v", answer)
		}
		ends := 0
		_, events := second.call("GET", "/api/tasks/"+id+"/events", "")
		for _, e := range events["events"].([]any) {
			if e.(map[string]any)["type"] == "task.completed" {
				ends++
			}
		}
		if ends != 1 {
			t.Errorf("task %s has %d outcomes", id, ends)
		}
	}
}

// submitMany submits n tasks of one kind in one batch.
func (r *rig) submitMany(body string, n int) []string {
	r.t.Helper()
	batch := `{"tasks":[` + strings.TrimSuffix(strings.Repeat(body+",", n), ",") + `]}`
	status, answer := r.call("POST", "/api/tasks/batch", batch)
	if status != http.StatusOK {
		r.t.Fatalf("batch: %d %v", status, answer)
	}
	var ids []string
	for _, result := range answer["results"].([]any) {
		ids = append(ids, result.(map[string]any)["task"].(map[string]any)["id"].(string))
	}
	return ids
}
