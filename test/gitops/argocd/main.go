// argocd has the programs of Argo CD that a cluster without people needs, in one file, as its own image has: argv[0] chooses. What its
// own main.go has beside them (the API server and its web pages, the command line) is left out, which halves the build.
// The cache is not Redis but what Argo CD's own tests use for it.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	gitaskpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/util/log"
)

func main() {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	var command *cobra.Command
	switch name := filepath.Base(os.Args[0]); name {
	case "argocd-application-controller":
		command = controller.NewCommand()
	case "argocd-repo-server":
		command = reposerver.NewCommand()
	case "argocd-cmp-server":
		command = cmpserver.NewCommand()
	case "argocd-git-ask-pass":
		command = gitaskpass.NewCommand()
	case "argocd-lua":
		command = newLuaCommand()
	case "argocd-redis":
		command = newRedisCommand()
	default:
		fmt.Fprintf(os.Stderr, "%s is none of the programs in here\n", name)
		os.Exit(2)
	}
	if err := command.Execute(); err != nil {
		os.Exit(1)
	}
}

func newRedisCommand() *cobra.Command {
	var address string
	command := &cobra.Command{
		Use: "argocd-redis",
		RunE: func(*cobra.Command, []string) error {
			redis := miniredis.NewMiniRedis()
			if err := redis.StartAddr(address); err != nil {
				return err
			}
			// Its time does not go by itself.
			for range time.Tick(time.Second) {
				redis.FastForward(time.Second)
			}
			return nil
		},
	}
	command.Flags().StringVar(&address, "address", "", "HOST:PORT")
	return command
}
