-- CreateTable
CREATE TABLE "file" (
    "id" UUID NOT NULL,
    "room_id" UUID NOT NULL,
    "owner_id" UUID,
    "message_id" UUID,
    "place" INTEGER NOT NULL DEFAULT 0,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "placeholder" BYTEA,
    "sha256" BYTEA,
    "expected_hash" BYTEA,
    "sealed" BOOLEAN NOT NULL DEFAULT false,
    "received" INTEGER NOT NULL DEFAULT 0,
    "pieces" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "begun" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ready_at" TIMESTAMPTZ(3),
    "attached_at" TIMESTAMPTZ(3),

    CONSTRAINT "file_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "file_message_id_idx" ON "file"("message_id");

-- CreateIndex
CREATE INDEX "file_owner_id_attached_at_idx" ON "file"("owner_id", "attached_at");

-- CreateIndex
CREATE INDEX "file_room_id_idx" ON "file"("room_id");

-- AddForeignKey
ALTER TABLE "file" ADD CONSTRAINT "file_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "room"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file" ADD CONSTRAINT "file_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "user"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file" ADD CONSTRAINT "file_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "entry"("id") ON DELETE SET NULL ON UPDATE CASCADE;
