package bench

import (
	"strconv"

	"ipcbench/results"
)

// PlanSchema is the JSON schema (draft 7) of a plan in a file, for editors. It
// refuses what ReadPlan refuses by key and word; numbers with a unit it leaves to
// ReadPlan.
func PlanSchema() map[string]any {
	schema := object(PlanKeys())
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "A plan of ipcbench"
	axes := map[string]any{}
	for _, k := range blockKeys() {
		axes[k.Name] = k.schema()
	}
	schema["definitions"] = axes
	return schema
}

// object is a mapping of these keys. Those that a block has are defined once.
func object(keys []PlanKey) map[string]any {
	properties := map[string]any{}
	for _, k := range keys {
		if properties[k.Name] = any(map[string]any{"$ref": "#/definitions/" + k.Name}); !k.block {
			properties[k.Name] = k.schema()
		}
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

// schema is that of the key's value.
func (k PlanKey) schema() map[string]any {
	item := k.item
	switch {
	case k.Name == blocksKey:
		return list(k.Help, object(blockKeys()))
	case k.Name == thresholdsKey:
		one := object(thresholdKeys)
		one["required"] = NamesOf(thresholdKeys, func(k PlanKey) string { return k.Name })
		return list(k.Help, one)
	case k.axis != nil:
		item = ofAxis(k.axis)
	}
	if k.List {
		return map[string]any{"description": k.Help, "anyOf": []any{item, map[string]any{"type": "array", "items": item, "minItems": 1}}}
	}
	one := map[string]any{"description": k.Help}
	for key, v := range item {
		one[key] = v
	}
	return one
}

func list(help string, item map[string]any) map[string]any {
	return map[string]any{"description": help, "type": "array", "items": item, "minItems": 1}
}

// ofAxis is a value of an axis: one of its words, or a number.
func ofAxis(x *results.Axis) map[string]any {
	var either []any
	names := Values(x)
	if x.Key == "workload" {
		names = append(names, NamesOf(Workloads, func(w *Workload) string { return w.Name })...)
	}
	if names != nil {
		either = append(either, words(names))
	}
	if x.Most > 0 {
		either = append(either, whole(1, x.Most))
		if x.InBytes() {
			either = append(either, pattern(`^[0-9]+ *([kKmMgG]?[iI]?[bB]?)$`))
		}
	}
	if len(either) == 1 {
		return either[0].(map[string]any)
	}
	return map[string]any{"anyOf": either}
}

// words are names; those that look like numbers are such in a file without quotes.
func words(names []string) map[string]any {
	var all []any
	for _, name := range names {
		all = append(all, name)
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return map[string]any{"enum": all}
}

func whole(least, most int) map[string]any {
	return map[string]any{"type": "integer", "minimum": least, "maximum": most}
}

func pattern(re string) map[string]any { return map[string]any{"type": "string", "pattern": re} }
