package sdk

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	wire "github.com/headrace/headrace/sdk/proto"
	pb "github.com/headrace/headrace/sdk/proto/headrace/plugin/v1"
)

// Description is what a plugin says about itself: the answer to Describe, and as
// JSON the output of the plugin binary's describe command. Its JSON is a contract;
// fields are only ever added.
type Description struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// APIVersions are the versions of the wire contract that the plugin speaks.
	APIVersions []uint32 `json:"api_versions"`
	// Capabilities are optional abilities; unknown ones are ignored.
	Capabilities []string  `json:"capabilities,omitempty"`
	SDK          BuiltWith `json:"sdk"`
	// ConfigSchema is the JSON Schema of the config block; absent: it takes none.
	ConfigSchema json.RawMessage   `json:"config_schema,omitempty"`
	TaskTypes    []TaskDescription `json:"task_types"`
	// Exclusive: the plugin must not run twice at the same time.
	Exclusive bool `json:"exclusive,omitempty"`
}

// BuiltWith says what a plugin was built with.
type BuiltWith struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Language string `json:"language"`
}

// TaskDescription describes one task type.
type TaskDescription struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// PayloadSchema and ResultSchema are JSON Schemas; absent: anything.
	PayloadSchema json.RawMessage `json:"payload_schema,omitempty"`
	ResultSchema  json.RawMessage `json:"result_schema,omitempty"`
	// Cleanup: a clean-up step follows an attempt that did not succeed.
	Cleanup bool `json:"cleanup,omitempty"`
}

// Describe returns the description of p, or says everything that is wrong with p.
func Describe(p Plugin) (Description, error) {
	if err := p.check(); err != nil {
		return Description{}, fmt.Errorf("plugin %s: %w", p.Name, err)
	}
	d := Description{
		Name:         p.Name,
		Version:      p.Version,
		APIVersions:  []uint32{wire.Version},
		SDK:          BuiltWith{Name: "headrace-sdk", Version: sdkVersion(), Language: "go"},
		ConfigSchema: p.Config.schema,
		Exclusive:    p.Exclusive,
	}
	for _, t := range p.Tasks {
		d.TaskTypes = append(d.TaskTypes, TaskDescription{
			Name:          t.name,
			Description:   t.description,
			PayloadSchema: t.payloadSchema,
			ResultSchema:  t.resultSchema,
			Cleanup:       t.cleanup != nil,
		})
	}
	return d, nil
}

// Proto converts d for the wire.
func (d Description) Proto() *pb.DescribeResponse {
	out := &pb.DescribeResponse{
		Name:         cleanText(d.Name, maxNote),
		Version:      cleanText(d.Version, maxNote),
		ApiVersions:  d.APIVersions,
		Capabilities: d.Capabilities,
		Sdk:          &pb.Sdk{Name: d.SDK.Name, Version: d.SDK.Version, Language: d.SDK.Language},
		ConfigSchema: d.ConfigSchema,
		Exclusive:    d.Exclusive,
	}
	for _, t := range d.TaskTypes {
		out.TaskTypes = append(out.TaskTypes, &pb.TaskType{
			Name:          t.Name,
			Description:   cleanText(t.Description, maxMessage),
			PayloadSchema: t.PayloadSchema,
			ResultSchema:  t.ResultSchema,
			Cleanup:       t.Cleanup,
		})
	}
	return out
}

// sdkVersion is the version of the module that the SDK was built from; "devel"
// within the module itself or with a replace.
func sdkVersion() string {
	const module = "github.com/headrace/headrace"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, dep := range info.Deps {
		if dep.Path == module && dep.Replace == nil && dep.Version != "" {
			return dep.Version
		}
	}
	return "devel"
}
