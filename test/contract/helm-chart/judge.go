package main

import (
	"sort"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// valuesForChart is a chart, by the texts of its files, and values for it.
type valuesForChart struct {
	Files  map[string]string      `json:"files"`
	Values map[string]interface{} `json:"values"`
}

// judged has the values as templates would get them, or why `helm template` ends before it renders.
type judged struct {
	Values map[string]interface{} `json:"values,omitempty"`
	Error  string                 `json:"error,omitempty"`
}

// judge does what action.Install does with values.
func judge(asked valuesForChart) judged {
	files := make([]*loader.BufferedFile, 0, len(asked.Files))
	for name, text := range asked.Files {
		files = append(files, &loader.BufferedFile{Name: name, Data: []byte(text)})
	}
	sort.Slice(files, func(a, b int) bool { return files[a].Name < files[b].Name })
	found, err := loader.LoadFiles(files)
	if err != nil {
		return judged{Error: err.Error()}
	}
	if err := chartutil.ProcessDependenciesWithMerge(found, asked.Values); err != nil {
		return judged{Error: err.Error()}
	}
	release := chartutil.ReleaseOptions{Name: "werfbundle", Namespace: "default", Revision: 1, IsInstall: true}
	made, err := chartutil.ToRenderValues(found, asked.Values, release, nil)
	if err != nil {
		return judged{Error: err.Error()}
	}
	values, err := made.Table("Values")
	if err != nil {
		return judged{Error: err.Error()}
	}
	return judged{Values: values}
}
