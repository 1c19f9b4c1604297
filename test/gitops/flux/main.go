// kustomization reconciles one Flux Kustomization once, with what kustomize-controller itself applies, waits and prunes with
// (github.com/fluxcd/pkg), in the same order and with the same options. Fetching sources is left to the caller.
//
//	kustomization --kubeconfig FILE --source FOLDER --revision REVISION [--delete] <kustomization.json >reconciled.json
//	kustomization --judge <objects.json >verdicts.json
//
// It reads a Kustomization and writes the same one with its new status. With --delete it does what the controller does for one
// that is being deleted. Exit code 0 says that the status is written, whatever it says. With --judge it says how healthy objects are.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/cli-utils/pkg/kstatus/polling/engine"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"github.com/fluxcd/pkg/ssa"
	"github.com/go-logr/logr"
)

const (
	controllerName = "kustomize-controller"
	group          = "kustomize.toolkit.fluxcd.io"
)

func main() {
	// Of our own: controller-runtime has put --kubeconfig into the common ones.
	flags := flag.NewFlagSet("kustomization", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "whom to be, and where")
	source := flags.String("source", "", "folder with what is in git")
	revision := flags.String("revision", "", "what that is called")
	remove := flags.Bool("delete", false, "delete what was applied")
	judging := flags.Bool("judge", false, "say how healthy objects are")
	_ = flags.Parse(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctrl.SetLogger(logr.Discard())
	ctx = ctrl.LoggerInto(ctx, logr.Discard())

	work := func() error { return run(ctx, *kubeconfig, checkout{folder: *source, revision: *revision}, *remove) }
	if *judging {
		work = func() error { return judge(ctx, os.Stdin, os.Stdout) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig string, source checkout, remove bool) error {
	var given unstructured.Unstructured
	if err := json.NewDecoder(os.Stdin).Decode(&given.Object); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	warnings := &warnings{}
	readers, err := readersOf(given)
	if err != nil {
		return err
	}
	manager, err := newManager(kubeconfig, warnings, readers)
	if err != nil {
		return err
	}
	reconciler := reconciler{manager: manager, kustomization: given, source: source}
	outcome := reconciler.reconcile
	if remove {
		outcome = reconciler.finalize
	}
	status := outcome(ctx)
	status.Warnings = warnings.texts
	return json.NewEncoder(os.Stdout).Encode(status)
}

// The controller drops the API server's warnings; here they are kept.
type warnings struct{ texts []string }

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) { w.texts = append(w.texts, text) }

// readersOf makes of spec.healthCheckExprs what the controller makes of it.
func readersOf(kustomization unstructured.Unstructured) ([]func(meta.RESTMapper) engine.StatusReader, error) {
	var spec struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(kustomization.Object, &spec); err != nil {
		return nil, err
	}
	if len(spec.Spec.HealthCheckExprs) == 0 {
		return nil, nil
	}
	reader, err := cel.NewStatusReader(spec.Spec.HealthCheckExprs)
	return []func(meta.RESTMapper) engine.StatusReader{reader}, err
}

func newManager(kubeconfig string, warnings rest.WarningHandler, readers []func(meta.RESTMapper) engine.StatusReader) (*ssa.ResourceManager, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.WarningHandler = warnings
	config.QPS, config.Burst = 500, 1000
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, httpClient)
	if err != nil {
		return nil, err
	}
	kube, err := client.New(config, client.Options{Mapper: mapper, HTTPClient: httpClient})
	if err != nil {
		return nil, err
	}
	options := polling.Options{}
	for _, reader := range readers {
		options.CustomStatusReaders = append(options.CustomStatusReaders, reader(mapper))
	}
	poller := polling.NewStatusPoller(kube, mapper, options)
	return ssa.NewResourceManager(kube, poller, ssa.Owner{Field: controllerName, Group: group}), nil
}
