-- What the owner of business tables needs to write policies and triggers; run once per owner.

GRANT USAGE ON SCHEMA countersign TO ${owner};
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
    countersign.request_amount(text, text),
    countersign.consume()
    TO ${owner};
