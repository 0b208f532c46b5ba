package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/event"
)

// The text of a key is hr_ID_SECRETCRC: the id as 32 hexadecimal digits, the
// secret as 52 characters of base32, and the CRC-32 of all that as 8
// hexadecimal digits. So scanners recognise a leaked key by its form, a typing
// error is found without asking the store, and a double click selects it all.
const (
	keyPrefix    = "hr_"
	idDigits     = 32
	secretBytes  = 32
	secretDigits = 52
	crcDigits    = 8
	keyLength    = len(keyPrefix) + idDigits + 1 + secretDigits + crcDigits
)

// maxKeyName bounds the name of a key, in characters.
const maxKeyName = 100

// secretEncoding is lower case, since capitals and digits look alike.
var secretEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// KeySpec describes a key to make.
type KeySpec struct {
	Name string
	Role Role
	// CreatedBy is the principal that makes it.
	CreatedBy string
	// Expires is zero for a key without an end.
	Expires time.Time
}

// MintKey makes a key. Its text is the credential: it is shown once and can
// not be found again.
func MintKey(spec KeySpec) (key Key, text string, err error) {
	if _, err := ParseRole(string(spec.Role)); err != nil {
		return Key{}, "", err
	}
	if n := utf8.RuneCountInString(spec.Name); n < 1 || n > maxKeyName || !utf8.ValidString(spec.Name) {
		return Key{}, "", fmt.Errorf("the name of a key has 1 to %d characters", maxKeyName)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Key{}, "", fmt.Errorf("make a key: %w", err)
	}
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails: the program ends instead
	created := event.TimeOf(id)
	if !spec.Expires.IsZero() && !spec.Expires.After(created) {
		return Key{}, "", fmt.Errorf("the key would have expired at %s", spec.Expires.UTC().Format(time.RFC3339))
	}
	key = Key{
		ID: id, Name: spec.Name, Role: spec.Role, Hash: hashSecret(secret),
		CreatedBy: spec.CreatedBy, Created: created, Expires: spec.Expires,
	}
	return key, keyText(id, secret), nil
}

// keyText writes the credential of a key.
func keyText(id uuid.UUID, secret []byte) string {
	body := keyPrefix + hex.EncodeToString(id[:]) + "_" + secretEncoding.EncodeToString(secret)
	return body + checksum(body)
}

func checksum(body string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body)))
}

// parseKeyText takes a credential apart; ok is false for what was never a key.
func parseKeyText(text string) (id uuid.UUID, secret []byte, ok bool) {
	if len(text) != keyLength || !strings.HasPrefix(text, keyPrefix) {
		return uuid.Nil, nil, false
	}
	body, crc := text[:keyLength-crcDigits], text[keyLength-crcDigits:]
	if checksum(body) != crc {
		return uuid.Nil, nil, false
	}
	digits, encoded, found := strings.Cut(body[len(keyPrefix):], "_")
	if !found || len(digits) != idDigits {
		return uuid.Nil, nil, false
	}
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return uuid.Nil, nil, false
	}
	secret, err := secretEncoding.DecodeString(encoded)
	return id, secret, err == nil && len(secret) == secretBytes
}

func hashSecret(secret []byte) []byte {
	sum := sha256.Sum256(secret)
	return sum[:]
}

// holds tells whether the secret is that of the key, in a time that does not
// depend on how much of it is right.
func (k *Key) holds(secret []byte) bool {
	return subtle.ConstantTimeCompare(k.Hash, hashSecret(secret)) == 1
}

// good tells whether the key opens anything at the given time.
func (k *Key) good(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// Principal is who shows the key.
func (k *Key) Principal() Principal { return Principal{Name: "key:" + k.ID.String(), Role: k.Role} }
