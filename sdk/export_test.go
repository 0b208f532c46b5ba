package sdk

// RunStream serves one stream as the gRPC server does.
func RunStream(s *Server, stream runStream) error { return newSession(s, stream).run() }
