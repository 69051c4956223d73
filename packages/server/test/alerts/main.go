// Reads scrapes of /metrics as JSON from standard input, stores them in Prometheus' own database, evaluates alert rules
// and queries over them with Prometheus' own engine, and prints as JSON which alerts fired and which queries have a
// result.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"
)

var staleMark = math.Float64frombits(value.StaleNaN)

type scrape struct {
	Seconds  int64   `json:"seconds"`
	Instance string  `json:"instance"`
	Text     *string `json:"text"` // null: the server did not answer
}

type input struct {
	Rules           string   `json:"rules"`
	Queries         []string `json:"queries"`
	IntervalSeconds int64    `json:"intervalSeconds"`
	Scrapes         []scrape `json:"scrapes"`
}

type output struct {
	Fired  map[string][]map[string]string `json:"fired"`
	Series map[string]int                 `json:"series"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	store, err := teststorage.NewWithError()
	if err != nil {
		return err
	}
	defer store.Close()
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples:               50_000_000,
		Timeout:                  time.Minute,
		LookbackDelta:            5 * time.Minute,
		NoStepSubqueryIntervalFn: func(int64) int64 { return 60_000 },
		Parser:                   parser.NewParser(parser.Options{}),
	})
	defer engine.Close()
	manager := rules.NewManager(&rules.ManagerOptions{
		ExternalURL:  &url.URL{},
		QueryFunc:    rules.EngineQueryFunc(engine, store),
		NotifyFunc:   func(context.Context, string, ...*rules.Alert) {},
		AppendableV2: store,
		Queryable:    store,
	})
	interval := time.Duration(in.IntervalSeconds) * time.Second
	groups, problems := manager.LoadGroups(interval, labels.EmptyLabels(), "", nil, false, in.Rules)
	if err := errors.Join(problems...); err != nil {
		return err
	}
	out := output{Fired: map[string][]map[string]string{}, Series: map[string]int{}}
	evaluate := func(seconds int64) {
		for _, group := range groups {
			group.Eval(context.Background(), time.Unix(seconds, 0))
			for _, rule := range group.AlertingRules() {
				note(out.Fired, rule)
			}
		}
	}
	known := map[string]map[string]labels.Labels{}
	end := int64(0)
	for index, one := range in.Scrapes {
		if known[one.Instance], err = add(store, one, known[one.Instance]); err != nil {
			return err
		}
		end = one.Seconds
		if index+1 == len(in.Scrapes) || in.Scrapes[index+1].Seconds > end {
			evaluate(end)
		}
	}
	for _, group := range groups {
		for _, rule := range group.Rules() {
			if rule.LastError() != nil {
				return fmt.Errorf("%s: %w", rule.Name(), rule.LastError())
			}
		}
	}
	for _, query := range in.Queries {
		vector, err := rules.EngineQueryFunc(engine, store)(context.Background(), query, time.Unix(end, 0))
		if err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		out.Series[query] = len(vector)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// Adds each series that the rule fires for to the ones that it has fired for.
func note(fired map[string][]map[string]string, rule *rules.AlertingRule) {
	for _, alert := range rule.ActiveAlerts() {
		if alert.State != rules.StateFiring {
			continue
		}
		set := alert.Labels.Map()
		isNew := true
		for _, other := range fired[rule.Name()] {
			isNew = isNew && !labels.Equal(labels.FromMap(other), alert.Labels)
		}
		if isNew {
			fired[rule.Name()] = append(fired[rule.Name()], set)
		}
	}
}

// Stores a scrape as Prometheus does: with the labels of the target, with `up`, and with a mark at the end of each
// series that the scrape does not have any more. Returns the series of the scrape.
func add(store storage.Appendable, one scrape, before map[string]labels.Labels) (map[string]labels.Labels, error) {
	appender := store.Appender(context.Background())
	ms := one.Seconds * 1000
	now := map[string]labels.Labels{}
	append := func(set labels.Labels, sample float64) error {
		_, err := appender.Append(0, set, ms, sample)
		return err
	}
	if one.Text != nil {
		texts := textparse.NewPromParser([]byte(*one.Text), labels.NewSymbolTable(), false)
		for {
			entry, err := texts.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			if entry != textparse.EntrySeries {
				continue
			}
			var own labels.Labels
			texts.Labels(&own)
			set := labels.NewBuilder(own).Set("job", "ringback").Set("instance", one.Instance).Labels()
			_, _, sample := texts.Series()
			now[set.String()] = set
			if err := append(set, sample); err != nil {
				return nil, err
			}
		}
	}
	up := 0.0
	if one.Text != nil {
		up = 1
	}
	if err := append(labels.FromStrings("__name__", "up", "job", "ringback", "instance", one.Instance), up); err != nil {
		return nil, err
	}
	for key, set := range before {
		if _, isThere := now[key]; !isThere {
			if err := append(set, staleMark); err != nil {
				return nil, err
			}
		}
	}
	return now, appender.Commit()
}
