# The thumbnails plugin for `headrace dev -config examples/thumbnails/headrace.hcl`.
# The binary lies in the folder plugins beside this file; run.sh builds it.
# HEADRACE_VAR_OUTPUT_DIR sets the variable, as does -var output_dir=…

variable "output_dir" {
  description = "Folder for the thumbnails, an absolute path"
  default     = "/var/tmp/headrace-thumbnails"
}

plugin "thumbnails" {
  command = "thumbnails"
  config {
    output_dir = var.output_dir
  }
}

task "image.thumbnail" {
  plugin      = "thumbnails"
  concurrency = 8
  timeout     = "30s"
  retry {
    max     = 5
    initial = "1s"
    cap     = "5m"
  }
}
