# The two built-in plugins that reach outside, and what they must be told.
# There is no storage and no redis block: this file is for
#
#   headrace dev -config examples/http-and-exec.hcl

plugin "http" {
  config {
    # Private and link-local addresses are refused unless they are listed here.
    allow = ["127.0.0.0/8"]
  }
}

# exec runs these programs and no others, without a shell. The process sees no
# variable of the engine's environment but those named in env.
plugin "exec" {
  env = ["LANG", "TZ=UTC"]

  config {
    commands = {
      date = "/bin/date"
      sort = "/usr/bin/sort"
    }
  }
}

task "http.request" {
  plugin  = "http"
  timeout = "10s"
}

task "exec.command" {
  plugin         = "exec"
  concurrency    = 4
  timeout        = "1m"
  cancel_grace   = "2s"
  kill_on_cancel = true # a program that ignores the end of its time is killed
  max_payload    = 65536
  retry {
    max = 0 # a program that failed is not run again
  }
}
