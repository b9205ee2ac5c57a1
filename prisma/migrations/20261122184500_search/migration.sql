-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

-- Searches use this same expression.
CREATE INDEX "entry_words" ON "entry" USING gin (to_tsvector('simple', "body"))
    WHERE "kind" = 'MESSAGE' AND "deleted_at" IS NULL;
