"""What the plugin process loads: one small stateless class a resource."""
