// chart-loader loads charts as Helm does, and says what it found: a line of JSON for each line of JSON.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// question names a chart: a folder, or an archive.
type question struct {
	Path string `json:"path"`
}

// answer has the chart's metadata as a bundle's config would have it, and digests of the chart's files by their names.
type answer struct {
	Metadata json.RawMessage   `json:"metadata,omitempty"`
	Files    map[string]string `json:"files,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
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
}

func answerTo(asked question) answer {
	loaded, err := loader.Load(asked.Path)
	if err == nil {
		err = loaded.Validate()
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return described(loaded)
}

func described(loaded *chart.Chart) answer {
	metadata, err := json.Marshal(loaded.Metadata)
	if err != nil {
		return answer{Error: err.Error()}
	}
	files := map[string]string{}
	for _, file := range loaded.Raw {
		files[file.Name] = fmt.Sprintf("%x", sha256.Sum256(file.Data))
	}
	return answer{Metadata: metadata, Files: files}
}
