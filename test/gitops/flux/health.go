package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
)

// verdict is what Flux takes an object for: Current, InProgress, Failed, Terminating.
type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// judge reads objects, and writes what kstatus says of each; or, where there are expressions (one of spec.healthCheckExprs), what they
// say. No cluster is asked.
func judge(ctx context.Context, in io.Reader, out io.Writer) error {
	var asked struct {
		Objects     []*unstructured.Unstructured      `json:"objects"`
		Expressions *kustomize.HealthCheckExpressions `json:"expressions"`
	}
	if err := json.NewDecoder(in).Decode(&asked); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	compute := kstatus.Compute
	if asked.Expressions != nil {
		evaluator, err := cel.NewStatusEvaluator(asked.Expressions)
		if err != nil {
			return err
		}
		compute = func(object *unstructured.Unstructured) (*kstatus.Result, error) {
			return evaluator.Evaluate(ctx, object)
		}
	}
	verdicts := make([]verdict, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		result, err := compute(object)
		if err != nil {
			return fmt.Errorf("%s: %w", object.GetName(), err)
		}
		verdicts = append(verdicts, verdict{Status: result.Status.String(), Message: result.Message})
	}
	return json.NewEncoder(out).Encode(verdicts)
}
