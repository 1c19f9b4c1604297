package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// chartPlace names a chart: a folder, or an archive.
type chartPlace struct {
	Path string `json:"path"`
}

// loaded has the chart's metadata as a bundle's config would have it, and digests of the chart's files by their names.
type loaded struct {
	Metadata json.RawMessage   `json:"metadata,omitempty"`
	Files    map[string]string `json:"files,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func load(asked chartPlace) loaded {
	found, err := loader.Load(asked.Path)
	if err == nil {
		err = found.Validate()
	}
	if err != nil {
		return loaded{Error: err.Error()}
	}
	return described(found)
}

func described(found *chart.Chart) loaded {
	metadata, err := json.Marshal(found.Metadata)
	if err != nil {
		return loaded{Error: err.Error()}
	}
	files := map[string]string{}
	for _, file := range found.Raw {
		files[file.Name] = fmt.Sprintf("%x", sha256.Sum256(file.Data))
	}
	return loaded{Metadata: metadata, Files: files}
}
