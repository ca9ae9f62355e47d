// Package program imports what a Go program with the SDK imports, so that `go mod tidy` here pins it.
package program

import (
	_ "omics-provider/sdk/go/omics"
	_ "omics-provider/sdk/go/omics/config"

	_ "github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)
