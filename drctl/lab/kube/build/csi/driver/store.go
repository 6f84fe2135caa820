package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// store keeps a folder per volume: "image" (the file system), "size" (bytes), "attached" (node and mode, while attached).
// The lab's faults write there too: "refuse" (a reason) makes attaching fail, "abnormal" (a message) is reported as the
// volume's condition, and a volume without its image is lost.
type store struct {
	sync.Mutex
	root string
}

const defaultSize = 64 << 20

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// volumeID is the name where that can be a folder's name.
func volumeID(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "volume-" + hex.EncodeToString(sum[:])
}

func (s *store) path(id, file string) string { return filepath.Join(s.root, id, file) }

// size of a volume in bytes; an error of code NotFound if there is none.
func (s *store) size(id string) (int64, error) {
	if !plainName.MatchString(id) {
		return 0, status.Errorf(codes.NotFound, "there is no volume %q", id)
	}
	text, err := os.ReadFile(s.path(id, "size"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, status.Errorf(codes.NotFound, "there is no volume %q", id)
	} else if err != nil {
		return 0, status.Error(codes.Internal, err.Error())
	}
	return strconv.ParseInt(string(text), 10, 64)
}

// create makes a volume; its size is written last, so one that was cut off is made anew.
func (s *store) create(id string, size int64) error {
	if err := os.MkdirAll(filepath.Join(s.root, id), 0o750); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	image := s.path(id, "image")
	file, err := os.Create(image)
	if err == nil {
		err = errors.Join(file.Truncate(size), file.Close())
	}
	if err == nil {
		err = run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", image)
	}
	if err == nil {
		err = os.WriteFile(s.path(id, "size"), []byte(strconv.FormatInt(size, 10)), 0o600)
	}
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func (s *store) remove(id string) error {
	if !plainName.MatchString(id) {
		return nil
	}
	return os.RemoveAll(filepath.Join(s.root, id))
}

// note is the trimmed content of one of a volume's files, empty if there is none.
func (s *store) note(id, file string) string {
	text, _ := os.ReadFile(s.path(id, file))
	return strings.TrimSpace(string(text))
}

func (s *store) lost(id string) bool {
	_, err := os.Stat(s.path(id, "image"))
	return err != nil
}

func run(name string, arguments ...string) error {
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return errors.New(name + ": " + err.Error() + ": " + strings.TrimSpace(string(out)))
	}
	return nil
}
