# The node that is measured: a type each for throughput and for delay, and nothing that is not
# the default.

server {
  listen = env("HEADRACE_BENCH_LISTEN")
}

storage "postgres" {
  url = env("HEADRACE_BENCH_DATABASE_URL")
}

redis {
  url    = env("HEADRACE_BENCH_REDIS_URL")
  prefix = "hrbench"
}

plugin "stamp" {
  command = env("HEADRACE_BENCH_STAMP")
}

task "demo.echo" {
}

task "bench.stamp" {
}
