// A file of its own, because the page's policy allows no inline script. Without `validatorUrl: null`, Swagger UI would
// show the document to a validator on the internet.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
