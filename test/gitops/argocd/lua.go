package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/health"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
)

// newLuaCommand runs a script on an object as Argo CD does: one JSON list of them on standard input, one list of answers.
func newLuaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "argocd-lua",
		RunE: func(*cobra.Command, []string) error {
			var questions []question
			if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
				return err
			}
			answers := make([]any, 0, len(questions))
			for _, each := range questions {
				answer, err := each.answer()
				if err != nil {
					return err
				}
				answers = append(answers, answer)
			}
			return json.NewEncoder(os.Stdout).Encode(answers)
		},
	}
}

type question struct {
	// Kind is health, resource-health, discovery or action.
	Kind   string         `json:"kind"`
	Script string         `json:"script"`
	Object map[string]any `json:"object"`
}

func (q question) answer() (any, error) {
	// Scripts of argocd-cm have no libraries but the safe ones; those of its own repository have all.
	vm := lua.VM{}
	object := &unstructured.Unstructured{Object: q.Object}
	switch q.Kind {
	case "health":
		return vm.ExecuteHealthLua(object, q.Script)
	case "resource-health":
		// What an Application shows: Argo CD itself judges an object that is being deleted, and asks the script about others.
		key := lua.GetConfigMapKey(object.GroupVersionKind())
		overrides := map[string]v1alpha1.ResourceOverride{key: {HealthLua: q.Script}}
		return health.GetResourceHealth(object, lua.ResourceHealthOverrides(overrides))
	case "discovery":
		return vm.ExecuteResourceActionDiscovery(object, []string{q.Script})
	case "action":
		impacted, err := vm.ExecuteResourceAction(object, q.Script, nil)
		if err != nil {
			return nil, err
		}
		return impacted[0].UnstructuredObj.Object, nil
	default:
		return nil, fmt.Errorf("%q is no kind of script", q.Kind)
	}
}
