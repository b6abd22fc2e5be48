"""What may be done with a table, in the words of IAM."""

GET, PUT, DELETE, QUERY, BATCH = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
    "dynamodb:BatchGetItem",
)
UPDATE = "dynamodb:UpdateItem"
