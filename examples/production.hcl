# Several nodes that share PostgreSQL and Redis. Each node starts with the same
# file; what differs from node to node comes from its environment.
#
#   DATABASE_URL=postgres://… REDIS_URL=rediss://… headrace server -config examples/production.hcl

variable "concurrency" {
  description = "The most attempts of one type at a time on this node"
  type        = number
  default     = 64 # or: -var concurrency=128, or HEADRACE_VAR_concurrency=128
}

locals {
  slow = duration(120) # 120 seconds as a duration: "2m0s"
}

server {
  listen = env("HEADRACE_LISTEN", "127.0.0.1:8080")
  name   = env("HEADRACE_NODE", "node-1")

  # How long a node that says nothing keeps its work. Shorter means that the
  # work of a dead node goes on sooner elsewhere, and that a node which only
  # stalls loses its work sooner.
  lease = "15s"

  # How long SIGTERM waits for what runs. Give the service manager more.
  shutdown_grace = "20s"
}

# PostgreSQL is the truth. What env() gives is a secret: it is shown nowhere.
storage "postgres" {
  url = env("DATABASE_URL")
}

# Redis holds hints only; losing it loses no task. For a cluster write
#   urls = [env("REDIS_1"), env("REDIS_2")]
# and for sentinels
#   sentinels = ["10.0.0.1:26379", "10.0.0.2:26379"]
#   master    = "headrace"
redis {
  url    = env("REDIS_URL")
  prefix = "hr"
}

limits {
  payload = 1048576 # bytes
}

audit {
  level = "info" # "debug" adds an event for every start of an attempt
}

# http calls go out to partners: give up early, try again often.
task "http.request" {
  plugin      = "http"
  concurrency = var.concurrency
  timeout     = "30s"
  retry {
    max     = 8
    initial = "2s"
    cap     = "10m"
  }
}

# A second name for the same work with other settings: `runs` is the plugin's
# name of it.
task "http.request.slow" {
  plugin        = "http"
  runs          = "http.request"
  concurrency   = min(var.concurrency, 8)
  timeout       = local.slow
  priority_mode = "strict"
  on_failure    = "fail" # no dead letter: the caller asks for the outcome
}
