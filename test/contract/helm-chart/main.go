// helm-chart renders and lints a chart as `helm template` and `helm lint` do: an answer in a line of JSON for each question in a line of JSON.
//
// It uses Helm's own packages. The command itself is not built, since twice as many packages come with it: what it does beside is to ask a
// cluster, which a rendered chart must not need.
//
//	helm-chart FOLDER
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// question is what a command line would say.
type question struct {
	Values      map[string]interface{} `json:"values"`
	Namespace   string                 `json:"namespace"`
	KubeVersion string                 `json:"kubeVersion"`
}

type answer struct {
	// Manifests are the rendered templates, one after the other.
	Manifests string `json:"manifests"`
	Notes     string `json:"notes"`
	// Lint has what Helm's linter says, information left out.
	Lint  []string `json:"lint"`
	Error string   `json:"error,omitempty"`
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for questions.More() {
		var asked question
		err := questions.Decode(&asked)
		if err == nil {
			err = answers.Encode(answerTo(os.Args[1], asked))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func answerTo(folder string, asked question) answer {
	rendered, err := render(folder, asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	version, err := chartutil.ParseKubeVersion(asked.KubeVersion)
	if err != nil {
		return answer{Error: err.Error()}
	}
	rendered.Lint = []string{}
	for _, said := range lint.AllWithKubeVersion(folder, asked.Values, asked.Namespace, version).Messages {
		if said.Severity > support.InfoSev {
			rendered.Lint = append(rendered.Lint, said.Error())
		}
	}
	return rendered
}

// render is what action.Install does before it would ask a cluster.
func render(folder string, asked question) (answer, error) {
	chart, err := loader.Load(folder)
	if err != nil {
		return answer{}, err
	}
	version, err := chartutil.ParseKubeVersion(asked.KubeVersion)
	if err != nil {
		return answer{}, err
	}
	if wanted := chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, version.String()) {
		return answer{}, fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, version)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	release := chartutil.ReleaseOptions{Name: "werfbundle", Namespace: asked.Namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValues(chart, asked.Values, release, capabilities)
	if err != nil {
		return answer{}, err
	}
	files, err := engine.Render(chart, values)
	if err != nil {
		return answer{}, err
	}
	var made answer
	for name, text := range files {
		if path.Base(name) == "NOTES.txt" {
			made.Notes = text
		} else if strings.TrimSpace(text) != "" {
			made.Manifests += "---\n" + text + "\n"
		}
	}
	return made, nil
}
