-- CreateEnum
CREATE TYPE "ConfirmedAct" AS ENUM ('CHANGE_PASSWORD', 'MAKE_RECOVERY_CODE', 'SET_CODE_APP_UP', 'SET_SECOND_FACTOR', 'ADD_PASSKEY', 'REPLACE_IDENTITY', 'DELETE_ACCOUNT', 'REMOVE_PERSON');

-- AlterTable
ALTER TABLE "passkey_challenge" ADD COLUMN     "act" "ConfirmedAct",
ADD COLUMN     "session_id" UUID;

-- CreateTable
CREATE TABLE "confirmation" (
    "session_id" UUID NOT NULL,
    "act" "ConfirmedAct" NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "confirmation_pkey" PRIMARY KEY ("session_id","act")
);

-- CreateIndex
CREATE INDEX "confirmation_expires_at_idx" ON "confirmation"("expires_at");

-- AddForeignKey
ALTER TABLE "confirmation" ADD CONSTRAINT "confirmation_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "session"("id") ON DELETE CASCADE ON UPDATE CASCADE;
