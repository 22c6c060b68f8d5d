"""`python -m gateway doctor`: looks at a deployment from where the gateway stands, and says what to do."""
