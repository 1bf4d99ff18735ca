-- What one group role needs of the schema; run once per group by `InitTarget`, as the schema's owner.
-- ${group} is a NOLOGIN role.

GRANT USAGE ON SCHEMA countersign TO ${group};
GRANT EXECUTE ON FUNCTION
    countersign.request(),
    countersign.request_jti(),
    countersign.request_of(text),
    countersign.request_of(text, text),
    countersign.request_text(text),
    countersign.request_text(text, text),
    countersign.request_text(text, text, text),
    countersign.request_amount(),
    countersign.request_amount(text),
    countersign.request_amount(text, text)
    TO ${group};
