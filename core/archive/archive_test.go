package archive_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/archive"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) (*archive.Local, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "archive")
	l, err := archive.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l, dir
}

func write(t *testing.T, l *archive.Local, records ...string) archive.File {
	t.Helper()
	b := archive.Batch{Kind: archive.DeadLetters}
	for _, r := range records {
		b.Records = append(b.Records, json.RawMessage(r))
	}
	f, err := l.Write(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestABatchComesBackToTheLetter(t *testing.T) {
	t.Parallel()
	l, dir := open(t)
	f := write(t, l, `{"n":9007199254740993,`+"\n"+`"e":1e400}`, `{"s":"a\u0000b"}`)
	packed, err := os.ReadFile(filepath.Join(dir, f.Name))
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"n":9007199254740993,"e":1e400}` + "\n" + `{"s":"a\u0000b"}` + "\n"; string(text) != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestTheManifestNamesEveryFileWithItsSum(t *testing.T) {
	t.Parallel()
	l, dir := open(t)
	first, second := write(t, l, `{}`), write(t, l, `{}`, `{}`)
	files, err := l.Files()
	if err != nil || len(files) != 2 || files[0].Name != first.Name || files[1].Name != second.Name || files[1].Records != 2 {
		t.Fatalf("files %+v, %v", files, err)
	}
	if err := l.Check(files[0]); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, first.Name), []byte("altered"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(files[0]); err == nil {
		t.Error("an altered file passes")
	}
	names, err := filepath.Glob(filepath.Join(dir, ".new-*"))
	if err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

func TestATornLineOfTheManifestIsCutOff(t *testing.T) {
	t.Parallel()
	l, dir := open(t)
	first := write(t, l, `{}`)
	manifest := filepath.Join(dir, archive.ManifestName)
	whole, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, append(whole, `{"file":"dead_le`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if files, err := l.Files(); err != nil || len(files) != 1 {
		t.Fatalf("with a torn line: %v, %v", files, err)
	}
	second := write(t, l, `{}`)
	files, err := l.Files()
	if err != nil || len(files) != 2 || files[0].Name != first.Name || files[1].Name != second.Name {
		t.Errorf("files %+v, %v", files, err)
	}
}

func TestWritersShareAFolder(t *testing.T) {
	t.Parallel()
	_, dir := open(t)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			l, err := archive.NewLocal(dir)
			if err == nil {
				_, err = l.Write(t.Context(), archive.Batch{Kind: archive.DeadLetters, Records: []json.RawMessage{json.RawMessage(`{}`)}})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	l, err := archive.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := l.Files(); err != nil || len(files) != 8 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestWhatIsNoJSONIsNotArchived(t *testing.T) {
	t.Parallel()
	l, _ := open(t)
	_, err := l.Write(t.Context(), archive.Batch{Kind: archive.DeadLetters, Records: []json.RawMessage{json.RawMessage(`{`)}})
	if err == nil || !strings.Contains(err.Error(), "record 0") {
		t.Errorf("got %v", err)
	}
	if files, err := l.Files(); err != nil || len(files) != 0 {
		t.Errorf("files %v, %v", files, err)
	}
}
