// helm-chart loads charts, judges values for them, or renders and lints one, with Helm's own packages: an answer in a line of JSON for each question in a line of JSON.
//
// The command itself is not built, since twice as many packages come with it: what it does beside is to ask a cluster, which a rendered
// chart must not need.
//
//	helm-chart load
//	helm-chart judge
//	helm-chart render FOLDER
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for questions.More() {
		answer, err := answerTo(os.Args[1:], questions)
		if err == nil {
			err = answers.Encode(answer)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func answerTo(args []string, questions *json.Decoder) (interface{}, error) {
	switch {
	case len(args) == 1 && args[0] == "load":
		var asked chartPlace
		err := questions.Decode(&asked)
		return load(asked), err
	case len(args) == 1 && args[0] == "judge":
		var asked valuesForChart
		err := questions.Decode(&asked)
		return judge(asked), err
	case len(args) == 2 && args[0] == "render":
		var asked wish
		err := questions.Decode(&asked)
		return renderAndLint(args[1], asked), err
	}
	return nil, fmt.Errorf("usage: helm-chart load | helm-chart judge | helm-chart render FOLDER")
}
