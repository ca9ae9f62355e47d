// Command sdkgen checks a provider's schema and writes its SDKs with Pulumi's own code.
//
//	sdkgen check SCHEMA.json
//	sdkgen generate LANGUAGE SCHEMA.json FOLDER
//
// `pulumi package gen-sdk` does the same, but asks a language host that the Go
// module proxy does not serve. The schema has to stand alone: what it refers to
// in other packages is an error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blang/semver"
	"github.com/hashicorp/hcl/v2"
	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const usage = "usage: sdkgen check SCHEMA.json\n       sdkgen generate nodejs|python|go SCHEMA.json FOLDER"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sdkgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "check":
		_, err := bind(args[1])
		return err
	case len(args) == 4 && args[0] == "generate":
		pkg, err := bind(args[2])
		if err != nil {
			return err
		}
		files, err := generate(args[1], pkg)
		if err != nil {
			return err
		}
		return write(args[3], files)
	}
	return fmt.Errorf("can't tell what to do\n%s", usage)
}

// bind reads a schema and prints each thing that Pulumi's binder says about it.
func bind(file string) (*schema.Package, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("%s is no schema: %w", file, err)
	}
	pkg, found, err := schema.BindSpec(spec, alone{}, schema.ValidationOptions{})
	if err == nil && found.HasErrors() {
		err = fmt.Errorf("%s has errors", file)
	}
	return pkg, withPrinted(found, err)
}

func withPrinted(found hcl.Diagnostics, err error) error {
	const unlimited, plain = 0, false
	if wrong := hcl.NewDiagnosticTextWriter(os.Stderr, nil, unlimited, plain).WriteDiagnostics(found); wrong != nil {
		return wrong
	}
	return err
}

func generate(language string, pkg *schema.Package) (map[string][]byte, error) {
	switch language {
	case "nodejs":
		return nodejs.GeneratePackage("sdkgen", pkg, nil, nil, false, alone{})
	case "python":
		return python.GeneratePackage("sdkgen", pkg, nil, alone{})
	case "go":
		return golang.GeneratePackage("sdkgen", pkg, nil)
	}
	return nil, fmt.Errorf("no generator for %q\n%s", language, usage)
}

func write(folder string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// alone is a loader that knows no package but the schema's own.
type alone struct{}

func (alone) refuse(name string) error {
	return fmt.Errorf("the schema refers to the package %q: sdkgen knows only the schema itself", name)
}

func (a alone) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	return nil, a.refuse(name)
}

func (a alone) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	return nil, a.refuse(wanted.Name)
}

func (a alone) LoadPackageReference(name string, _ *semver.Version) (schema.PackageReference, error) {
	return nil, a.refuse(name)
}

func (a alone) LoadPackageReferenceV2(
	_ context.Context, wanted *schema.PackageDescriptor,
) (schema.PackageReference, error) {
	return nil, a.refuse(wanted.Name)
}
