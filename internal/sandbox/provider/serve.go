package provider

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// ProgramName is the name under which Pulumi finds the provider on PATH.
const ProgramName = "pulumi-resource-aws"

// maxMessage is what the engine allows too.
const maxMessage = 400 << 20

// Serve serves the engine until it ends. It writes the port to out first, as plugins do.
func Serve(out io.Writer, _ []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve provider: %w", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	pulumirpc.RegisterResourceProviderServer(server, New())
	if _, err := fmt.Fprintln(out, listener.Addr().(*net.TCPAddr).Port); err != nil {
		return fmt.Errorf("serve provider: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go stopWithParent(ctx, server)
	return server.Serve(listener)
}

// stopWithParent ends the server when the engine has ended, which may happen without a word.
func stopWithParent(ctx context.Context, server *grpc.Server) {
	parent := os.Getppid()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if os.Getppid() != parent {
				server.Stop()
				return
			}
		}
	}
}
