package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// valid reports what a schema of draft 7 refuses of a value, as far as PlanSchema
// uses it.
func valid(root, schema map[string]any, v any) error {
	for word, is := range schema {
		ok := true
		switch word {
		case "$schema", "title", "description", "definitions":
		case "$ref":
			name := strings.TrimPrefix(is.(string), "#/definitions/")
			if err := valid(root, root["definitions"].(map[string]any)[name].(map[string]any), v); err != nil {
				return err
			}
		case "anyOf":
			ok = slices.ContainsFunc(is.([]any), func(s any) bool { return valid(root, s.(map[string]any), v) == nil })
		case "enum":
			ok = slices.ContainsFunc(is.([]any), func(s any) bool { return reflect.DeepEqual(s, v) })
		case "type":
			types, several := is.([]any)
			if !several {
				types = []any{is}
			}
			n, number := v.(float64)
			ok = slices.ContainsFunc(types, func(s any) bool {
				return s == "integer" && number && n == float64(int64(n)) || s == "number" && number || s == map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Map: "object"}[reflect.TypeOf(v).Kind()]
			})
		case "minimum":
			n, number := v.(float64)
			ok = !number || n >= is.(float64)
		case "maximum":
			n, number := v.(float64)
			ok = !number || n <= is.(float64)
		case "pattern":
			s, text := v.(string)
			ok = !text || regexp.MustCompile(is.(string)).MatchString(s)
		case "items", "minItems":
			items, list := v.([]any)
			for _, item := range items {
				if s, of := is.(map[string]any); of {
					if err := valid(root, s, item); err != nil {
						return err
					}
				}
			}
			ok = !list || len(items) > 0
		case "properties":
			for key, item := range v.(map[string]any) {
				if s, known := is.(map[string]any)[key].(map[string]any); known {
					if err := valid(root, s, item); err != nil {
						return fmt.Errorf("%s: %w", key, err)
					}
				}
			}
		case "additionalProperties":
			for key := range v.(map[string]any) {
				ok = ok && schema["properties"].(map[string]any)[key] != nil
			}
		case "required":
			keys := slices.Collect(maps.Keys(v.(map[string]any)))
			ok = !slices.ContainsFunc(is.([]any), func(s any) bool { return !slices.Contains(keys, s.(string)) })
		default:
			return fmt.Errorf("the test does not know %s", word)
		}
		if !ok {
			return fmt.Errorf("%s %v refuses %v", word, is, v)
		}
	}
	return nil
}

// An editor takes what the reader takes, and refuses what it refuses by key and word.
func TestSchemaIsTheReaders(t *testing.T) {
	decode := func(text []byte, v any) any {
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatal(err)
		}
		return reflect.ValueOf(v).Elem().Interface()
	}
	raw, err := json.Marshal(PlanSchema())
	if err != nil {
		t.Fatal(err)
	}
	schema := decode(raw, &map[string]any{}).(map[string]any)
	check := func(text string) (reader, editor error) {
		_, reader = ParsePlan("plan.yaml", []byte(text))
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return reader, valid(schema, schema, decode(raw, new(any)))
	}
	taken := []string{strings.Replace(wholePlan, "seed: 18446744073709551615", "seed: 7", 1), "cpus: 3\nuntil: 0.05\nsize: 100B\nbatch: 1\n", "cpus: 0-3,8\nbudget: 1h30m\n", "label: \"10\"\n"}
	for _, name := range PresetNames {
		text, err := PresetText(name)
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, text)
	}
	for _, text := range taken {
		if reader, editor := check(text); reader != nil || editor != nil {
			t.Errorf("%s\nreader: %v\neditor: %v", text, reader, editor)
		}
	}
	for _, text := range []string{
		"sizes: 64", "mech: pip", "workload: ping", "size: 0", "size: 17000000", "size: 4x", "queue: big", "place: moon", "peers: 65", "wait: [block, nod]", "copy: 2",
		"blocks: [{launches: 3}]", "blocks: []", "mech: []", "family: pipe", "floor: attic", "preset: slow", "launches: 0", "launches: 1001", "launches: x", "time: 60", "budget: 5",
		"verify: often", "seed: -1", "cpus: x", "thresholds: 5", "thresholds: [{cells: '*'}]", "thresholds: [{cells: '*', percent: 0}]", "thresholds: [{cells: '*', percent: x}]", "thresholds: [{cells: '*', percent: 5, of: 1}]",
	} {
		if reader, editor := check(text); reader == nil || editor == nil {
			t.Errorf("%s\nreader: %v\neditor: %v", text, reader, editor)
		}
	}
}
