// Without arguments: reads resources from the standard input, and decodes those of the Prometheus operator strictly by
// its own types. With arguments: loads these Compose files with the library of Docker Compose, and prints the services.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	failed := false
	report := func(subject string, err error) {
		if err != nil {
			fmt.Printf("%s: %v\n", subject, err)
			failed = true
		}
	}
	for _, path := range os.Args[1:] {
		report(path, loadCompose(path))
	}
	if len(os.Args) == 1 {
		text, err := io.ReadAll(os.Stdin)
		report("standard input", err)
		for _, document := range regexp.MustCompile(`(?m)^---.*$`).Split(string(text), -1) {
			report("resource", decode([]byte(document)))
		}
	}
	if failed {
		os.Exit(1)
	}
}

func decode(document []byte) error {
	var kind struct{ Kind string }
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	switch kind.Kind {
	case "ServiceMonitor":
		return yaml.UnmarshalStrict(document, &monitoring.ServiceMonitor{})
	case "PrometheusRule":
		return yaml.UnmarshalStrict(document, &monitoring.PrometheusRule{})
	}
	return nil
}

func loadCompose(path string) error {
	secret := strings.Repeat("f", 64)
	environment := cli.WithEnv([]string{
		"RINGBACK_OPERATOR_TOKEN=" + secret,
		"RINGBACK_MASTER_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"POSTGRES_PASSWORD=" + secret,
		"GRAFANA_PASSWORD=" + secret,
	})
	options, err := cli.NewProjectOptions([]string{path}, environment)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s\n", path, strings.Join(project.ServiceNames(), " "))
	return nil
}
