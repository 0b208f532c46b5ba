// Command withservices runs a command with a real Redis and a real PostgreSQL at hand:
//
//	go run ./core/testenv/withservices -- go test ./...
//
// It owns the two addresses that package testenv reads, HEADRACE_TEST_REDIS_URL and
// HEADRACE_TEST_DATABASE_URL. An address that is set already is passed on untouched. For one that
// is not, it starts a private server on a free loopback port: from the installed binaries, else
// from binaries that it installs first (Debian, as root), else as a container. With none of these
// it says what to install and exits with 1. It ends with the exit code of the command.
//
// # Who ends what
//
//	withservices ──lifeline (a pipe)──▶ guard ──▶ redis-server, postgres
//	      └──▶ the command
//
// The servers belong to the guard, a second process of this program in a session of its own. It
// holds the read end of a pipe whose write end only withservices has: when withservices ends,
// however it ends, the pipe closes, and the guard stops the servers and removes their directory.
// Should the guard itself be killed, the kernel ends the servers with it (Linux), and the next run
// sweeps up what is left. It sweeps only a directory whose lock nobody holds, and it ends only a
// process whose id and start time are both as recorded there.
//
// It never touches a server that it has not started, and it never starts one at a fixed port.
package main
