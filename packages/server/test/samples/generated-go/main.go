// Publishes through the client that oapi-codegen has generated from the OpenAPI document. Arguments: the server's URL
// and a topic. Prints the position of each message.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

func main() {
	client, err := NewClientWithResponses(os.Args[1])
	check(err)
	kind := "invoice.paid"
	topic, ctx := os.Args[2], context.Background()
	message := MessageInput{Body: map[string]any{"total": 17}, Type: &kind}
	published, err := client.PublishWithResponse(ctx, topic, &PublishParams{}, message)
	check(err)
	fmt.Println(published.JSON201.Seq)
	body := strings.NewReader("<a/>")
	raw, err := client.PublishWithBodyWithResponse(ctx, topic, &PublishParams{}, "application/xml", body)
	check(err)
	fmt.Println(raw.JSON201.Seq)
	kept, err := client.KeepInInboxWithBodyWithResponse(ctx, topic, "text/plain", strings.NewReader("kept"))
	check(err)
	fmt.Println(kept.JSON200.Response)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
