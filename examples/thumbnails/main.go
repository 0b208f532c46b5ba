// Command thumbnails is a Headrace plugin that makes thumbnails of pictures. It is
// an example of a plugin in a module of its own: of Headrace it uses the SDK alone.
package main

import (
	"github.com/headrace/headrace/sdk"
)

func main() { sdk.Serve(plugin()) }

// plugin is all that there is to register.
func plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "thumbnails", Version: "1.0.0",
		Config: sdk.ConfigOf(sdk.OnOpen(open)),
		Tasks: []sdk.TaskType{
			sdk.Task("image.thumbnail", makeThumbnail, sdk.WithDescription("makes a thumbnail of a JPEG, PNG or GIF")),
		},
	}
}
