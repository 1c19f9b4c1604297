package main

import (
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// wish is what a command line of `helm template` and `helm lint` would say.
type wish struct {
	Values      map[string]interface{} `json:"values"`
	Namespace   string                 `json:"namespace"`
	KubeVersion string                 `json:"kubeVersion"`
}

type rendered struct {
	// Manifests are the rendered templates, one after the other.
	Manifests string `json:"manifests"`
	Notes     string `json:"notes"`
	// Lint has what Helm's linter says, information left out.
	Lint  []string `json:"lint"`
	Error string   `json:"error,omitempty"`
}

func renderAndLint(folder string, asked wish) rendered {
	made, err := render(folder, asked)
	if err != nil {
		return rendered{Error: err.Error()}
	}
	version, err := chartutil.ParseKubeVersion(asked.KubeVersion)
	if err != nil {
		return rendered{Error: err.Error()}
	}
	made.Lint = []string{}
	for _, said := range lint.AllWithKubeVersion(folder, asked.Values, asked.Namespace, version).Messages {
		if said.Severity > support.InfoSev {
			made.Lint = append(made.Lint, said.Error())
		}
	}
	return made
}

// render is what action.Install does before it would ask a cluster.
func render(folder string, asked wish) (rendered, error) {
	chart, err := loader.Load(folder)
	if err != nil {
		return rendered{}, err
	}
	version, err := chartutil.ParseKubeVersion(asked.KubeVersion)
	if err != nil {
		return rendered{}, err
	}
	if wanted := chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, version.String()) {
		return rendered{}, fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, version)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	release := chartutil.ReleaseOptions{Name: "werfbundle", Namespace: asked.Namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValues(chart, asked.Values, release, capabilities)
	if err != nil {
		return rendered{}, err
	}
	files, err := engine.Render(chart, values)
	if err != nil {
		return rendered{}, err
	}
	var made rendered
	for name, text := range files {
		if path.Base(name) == "NOTES.txt" {
			made.Notes = text
		} else if strings.TrimSpace(text) != "" {
			made.Manifests += "---\n" + text + "\n"
		}
	}
	return made, nil
}
