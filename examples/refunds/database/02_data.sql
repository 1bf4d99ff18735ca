-- Invented people and cases for the refunds example. Running it again changes nothing.

-- Loading is the owner's work, and FORCE ROW LEVEL SECURITY binds the owner too.
ALTER TABLE refunds.customers NO FORCE ROW LEVEL SECURITY;

INSERT INTO refunds.customers (name, email, phone, address)
VALUES ('Ines Marquart',   'ines.marquart@mail.example',   '+1 202 555 0101', '14 Linden Way, Springfield'),
       ('Daniel Osei',     'daniel.osei@mail.example',     '+1 202 555 0102', '3 Harbour Street, Portland'),
       ('Yuki Tanabe',     'yuki.tanabe@mail.example',     '+1 202 555 0103', '77 Mill Road, Dayton'),
       ('Carla Fontes',    'carla.fontes@mail.example',    '+1 202 555 0104', '210 Elm Court, Salem'),
       ('Piotr Zalewski',  'piotr.zalewski@mail.example',  '+1 202 555 0105', '9 Station Lane, Aurora'),
       ('Amara Diallo',    'amara.diallo@mail.example',    '+1 202 555 0106', '52 Orchard Row, Dover'),
       ('Henrik Solberg',  'henrik.solberg@mail.example',  '+1 202 555 0107', '18 Quay View, Bristol'),
       ('Leila Haddad',    'leila.haddad@mail.example',    '+1 202 555 0108', '6 Garden Terrace, Clinton')
ON CONFLICT (email) DO NOTHING;

INSERT INTO refunds.cases
       (case_id, customer_id, customer, product, currency, paid, representative, opened_at)
SELECT c.case_id, k.customer_id, k.name, c.product, c.currency, c.paid, c.representative, c.opened_at
  FROM (VALUES
        ('R-884-2233', 'ines.marquart@mail.example',  'Espresso machine, leaking pump', 'USD',  64900::bigint, 'maya',  timestamptz '2026-01-12 09:14:00Z'),
        ('R-884-2234', 'daniel.osei@mail.example',    'Headphones, left side silent',   'USD',  19900, 'maya',  timestamptz '2026-01-12 10:02:00Z'),
        ('R-884-2235', 'yuki.tanabe@mail.example',    'Standing desk, scratched top',   'USD',  89900, 'tomas', timestamptz '2026-01-12 11:40:00Z'),
        ('R-884-2236', 'carla.fontes@mail.example',   'Rain jacket, wrong size',        'EUR',  12900, 'lena',  timestamptz '2026-01-12 13:25:00Z'),
        ('R-884-2237', 'piotr.zalewski@mail.example', 'Camera lens, dust inside',       'EUR', 129900, 'omar',  timestamptz '2026-01-12 15:51:00Z'),
        ('R-885-0001', 'amara.diallo@mail.example',   'Running shoes, sole loose',      'USD',  14900, 'lena',  timestamptz '2026-01-13 08:30:00Z'),
        ('R-885-0002', 'henrik.solberg@mail.example', 'Dishwasher, never delivered',    'USD', 109900, 'omar',  timestamptz '2026-01-13 09:05:00Z'),
        ('R-885-0003', 'leila.haddad@mail.example',   'Tablet, cracked on arrival',     'USD',  45900, 'tomas', timestamptz '2026-01-13 09:48:00Z')
       ) AS c (case_id, email, product, currency, paid, representative, opened_at)
  JOIN refunds.customers k USING (email)
ON CONFLICT (case_id) DO NOTHING;

ALTER TABLE refunds.customers FORCE ROW LEVEL SECURITY;
