package pluginhost

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/headrace/headrace/core/pluginhost/process"
	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// Description is what a plugin says about itself.
type Description struct {
	Name, Version string
	// Capabilities are optional abilities; unknown ones are of no meaning.
	Capabilities []string
	// SDK is the library behind the plugin, for people.
	SDK SDK
	// ConfigSchema is the JSON Schema of the configuration; empty: it takes none.
	ConfigSchema json.RawMessage
	TaskTypes    []TaskType
	// Exclusive: the plugin must not run twice at the same time.
	Exclusive bool
}

// SDK names the library that a plugin was built with.
type SDK struct{ Name, Version, Language string }

// TaskType is one kind of work that a plugin does.
type TaskType struct {
	Name, Description string
	// PayloadSchema and ResultSchema are JSON Schemas; empty: anything.
	PayloadSchema, ResultSchema json.RawMessage
}

// Limits on a description: it is kept in memory and shown in the API.
const (
	maxTaskTypes    = 1000
	maxCapabilities = 64
	maxWord         = 64
	maxProse        = 4 << 10
)

// namePattern is the form of names in plugin.proto.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// describe checks what a plugin said and makes it a Description.
func describe(in *pb.DescribeResponse) (Description, error) {
	out := Description{
		Name: in.GetName(), Version: process.Clean(in.GetVersion(), maxWord), Exclusive: in.GetExclusive(),
		SDK: SDK{
			Name:     process.Clean(in.GetSdk().GetName(), maxWord),
			Version:  process.Clean(in.GetSdk().GetVersion(), maxWord),
			Language: process.Clean(in.GetSdk().GetLanguage(), maxWord),
		},
	}
	if !namePattern.MatchString(out.Name) {
		return out, fmt.Errorf("the name %q does not fit %s", process.Clean(out.Name, maxWord), namePattern)
	}
	if !slices.Contains(in.GetApiVersions(), wire.Version) {
		return out, fmt.Errorf("it speaks the versions %v of the contract, this engine version %d", in.GetApiVersions(), wire.Version)
	}
	if n := len(in.GetCapabilities()); n > maxCapabilities {
		return out, fmt.Errorf("%d capabilities, more than %d", n, maxCapabilities)
	}
	for _, word := range in.GetCapabilities() {
		out.Capabilities = append(out.Capabilities, process.Clean(word, maxWord))
	}
	var err error
	if out.ConfigSchema, err = schema("config", in.GetConfigSchema()); err != nil {
		return out, err
	}
	out.TaskTypes, err = taskTypes(in.GetTaskTypes())
	return out, err
}

func taskTypes(in []*pb.TaskType) ([]TaskType, error) {
	if len(in) > maxTaskTypes {
		return nil, fmt.Errorf("%d task types, more than %d", len(in), maxTaskTypes)
	}
	seen := map[string]bool{}
	out := make([]TaskType, 0, len(in))
	for _, t := range in {
		name := t.GetName()
		if !namePattern.MatchString(name) {
			return nil, fmt.Errorf("the name %q of a task type does not fit %s", process.Clean(name, maxWord), namePattern)
		}
		if seen[name] {
			return nil, fmt.Errorf("the task type %q is declared twice", name)
		}
		seen[name] = true
		payload, err := schema("payload of "+name, t.GetPayloadSchema())
		if err != nil {
			return nil, err
		}
		result, err := schema("result of "+name, t.GetResultSchema())
		if err != nil {
			return nil, err
		}
		out = append(out, TaskType{
			Name: name, Description: process.Clean(t.GetDescription(), maxProse),
			PayloadSchema: payload, ResultSchema: result,
		})
	}
	return out, nil
}

func schema(of string, text []byte) (json.RawMessage, error) {
	if len(text) > 0 && !json.Valid(text) {
		return nil, fmt.Errorf("the schema of the %s is no JSON", of)
	}
	return text, nil
}
