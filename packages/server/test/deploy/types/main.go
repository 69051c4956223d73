// Reads resources from the standard input, and decodes those of the Prometheus operator strictly by its own types.
package main

import (
	"fmt"
	"io"
	"os"
	"regexp"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	failed := false
	for _, document := range regexp.MustCompile(`(?m)^---.*$`).Split(string(text), -1) {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			panic(err)
		}
		var target any
		switch kind.Kind {
		case "ServiceMonitor":
			target = &monitoring.ServiceMonitor{}
		case "PrometheusRule":
			target = &monitoring.PrometheusRule{}
		default:
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(document), target); err != nil {
			fmt.Printf("%s: %v\n", kind.Kind, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
