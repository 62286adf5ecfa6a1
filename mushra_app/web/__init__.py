"""Web application: routes, endpoints, guard, pages."""
