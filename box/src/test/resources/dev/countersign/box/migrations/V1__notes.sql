CREATE TABLE note (
  id bigint PRIMARY KEY,
  text text NOT NULL
);
GRANT SELECT, INSERT ON note TO ${user};
GRANT USAGE ON SCHEMA ${schema} TO ${auditor};
GRANT SELECT ON note TO ${auditor};
