// helm-values merges values as `helm -f … --set …` does, and says what comes of them: a line of JSON for each line of JSON.
//
// It reads YAML and --set as Helm does: with its module's packages. Helm's own function, values.Options.MergeValues, is not called, since
// its package brings 800 others along, and takes minutes to build; all that it does beside is in merge and mergeMaps.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// question is what a command line would say; Files are their texts.
type question struct {
	Files      []string `json:"files"`
	Sets       []string `json:"sets"`
	SetStrings []string `json:"setStrings"`
}

type answer struct {
	Values map[string]interface{} `json:"values"`
	Error  string                 `json:"error,omitempty"`
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	for questions.More() {
		var asked question
		err := questions.Decode(&asked)
		if err == nil {
			err = answers.Encode(answerTo(asked))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	out.Flush()
}

// answerTo has an answer for everything: a panic of the reader of YAML is one, too.
func answerTo(asked question) (given answer) {
	defer func() {
		if fault := recover(); fault != nil {
			given = answer{Error: fmt.Sprint("panic: ", fault)}
		}
	}()
	merged, err := merge(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Values: merged}
}

// merge is what values.Options.MergeValues of Helm does.
func merge(asked question) (map[string]interface{}, error) {
	base := map[string]interface{}{}
	for _, text := range asked.Files {
		current := map[string]interface{}{}
		if err := yaml.Unmarshal([]byte(text), &current); err != nil {
			return nil, err
		}
		base = mergeMaps(base, current)
	}
	for _, set := range asked.Sets {
		if err := strvals.ParseInto(set, base); err != nil {
			return nil, err
		}
	}
	for _, set := range asked.SetStrings {
		if err := strvals.ParseIntoString(set, base); err != nil {
			return nil, err
		}
	}
	return base, nil
}

// mergeMaps is the function of that name in Helm's pkg/cli/values/options.go.
func mergeMaps(a, b map[string]interface{}) map[string]interface{} {
	out := make(map[string]interface{}, len(a))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		if v, ok := v.(map[string]interface{}); ok {
			if bv, ok := out[k]; ok {
				if bv, ok := bv.(map[string]interface{}); ok {
					out[k] = mergeMaps(bv, v)
					continue
				}
			}
		}
		out[k] = v
	}
	return out
}
