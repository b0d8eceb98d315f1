"""The payment gateway: asked over HTTP, heard by signed webhooks."""
