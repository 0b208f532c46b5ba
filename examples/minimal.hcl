# The least that does something: one node, nothing else to install.
#
#   headrace server -config examples/minimal.hcl

storage "sqlite" {
  path = "data/headrace.db" # beside this file
}

redis {
  embedded = true
}

# "demo" is built in, so it needs no plugin block; of the known plugins only it
# has this type, so the task need not name it.
task "demo.echo" {
}
