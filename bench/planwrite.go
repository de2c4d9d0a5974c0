package bench

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// With is the text of a plan with these values by key, as flags give them, and the
// blocks and thresholds of the file, which may be nil.
func (f *PlanFile) With(given map[string][]string) ([]byte, error) {
	plan := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, v *yaml.Node) {
		plan.Content = append(plan.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, v)
	}
	for _, key := range PlanKeys() {
		switch values := given[key.Name]; {
		case key.Name == blocksKey && f != nil && f.Blocks != nil:
			add(key.Name, f.blocks)
		case key.Name == thresholdsKey && f != nil && f.thresholds != nil:
			add(key.Name, f.thresholds)
		case !key.Flag || values == nil:
		case key.List && len(values) > 1:
			list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, v := range values {
				list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: v})
			}
			add(key.Name, list)
		case key.text:
			add(key.Name, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: values[0]})
		default:
			add(key.Name, &yaml.Node{Kind: yaml.ScalarNode, Value: values[0]})
		}
	}
	var b bytes.Buffer
	to := yaml.NewEncoder(&b)
	to.SetIndent(2)
	if err := to.Encode(plan); err != nil {
		return nil, err
	}
	return b.Bytes(), to.Close()
}
