#include <catch2/catch.hpp>

#include "tests/notifications/samples.h"

using namespace roamguard;
using namespace roamguard::notifications;
using namespace roamguard::notifications::samples;

namespace {

/// The messages every customer may get, as one traveller reads them: in Japan, with a cap of CNY 300 for data.
struct Texts {
    const char* language;
    const char* welcome;
    const char* threshold;  ///< 80 %
    const char* question;   ///< at the cap: extend, a pass, decline
};

void check(const Texts& expected) {
    CHECK(text_of(in_japan(Kind::welcome, expected.language)) == expected.welcome);
    CHECK(text_of(cap_in_japan(Kind::threshold, expected.language, "240.00")) == expected.threshold);
    Facts question = cap_in_japan(Kind::confirm_cap, expected.language, "300.00");
    ask(question, {extend("400.00"), pass("Japan", "30.00"), decline()});
    CHECK(text_of(question) == expected.question);
}

}  // namespace

TEST_CASE("German travellers read the welcome, a threshold and the question at a cap") {
    check({"de-AT",
           "Willkommen. Ihr Reiseland: Japan. Ihre Roaming-Preise (inkl. MwSt.):\n"
           "Daten: 3,00 CNY pro MB\n"
           "Anrufe: 2,99 CNY pro Minute\n"
           "Ankommende Anrufe: 1,99 CNY pro Minute\n"
           "SMS: 0,39 CNY pro Nachricht\n"
           "Empfangene SMS: kostenlos\n"
           "Limit für mobile Daten: 300,00 CNY, bisher erfasst: 0,00 CNY.\n"
           "Antworten Sie mit VERBRAUCH für Ihren Verbrauch, STOP für weniger Nachrichten.",
           "80 % Ihres Limits für mobile Daten erreicht. Verbraucht: 240,00 CNY von 300,00 CNY (inkl. MwSt.), "
           "soweit bisher erfasst. Preis: mobile Daten 3,00 CNY pro MB (inkl. MwSt.). Bei 300,00 CNY wird "
           "abgeschaltet, bis Sie zustimmen. Zum Weiternutzen müssen Sie nichts tun; zum Beenden schalten Sie "
           "Daten-Roaming aus. Das Limit beginnt neu am 1. Dez. 2026, 00:00 (UTC+8).",
           "Ausgeschaltet: mobile Daten. Von Ihrem Limit 300,00 CNY (inkl. MwSt.) sind 300,00 CNY verbraucht, "
           "soweit bisher erfasst. Preis darüber hinaus: mobile Daten 3,00 CNY pro MB (inkl. MwSt.).\n"
           "1 Weiter bis 400,00 CNY\n"
           "2 Japan, 500 MB, 1 Tag: 30,00 CNY (inkl. MwSt.)\n"
           "3 Nein, ausgeschaltet lassen\n"
           "Antworten Sie bis 25. Nov. 2026, 13:31 (UTC+8) mit der Nummer oder NEIN. Mehrere Fragen offen? "
           "Dann mit Code: 3 4821. Ohne Antwort bleibt es bis 1. Dez. 2026, 00:00 (UTC+8) ausgeschaltet."});
}

TEST_CASE("French travellers read the welcome, a threshold and the question at a cap") {
    check({"fr-FR",
           "Bienvenue. Destination : Japon. Vos prix en itinérance (TTC) :\n"
           "Données : 3,00 CNY par Mo\n"
           "Appels émis : 2,99 CNY par minute\n"
           "Appels entrants : 1,99 CNY par minute\n"
           "SMS : 0,39 CNY par message\n"
           "SMS entrants : gratuit\n"
           "Plafond (données mobiles) : 300,00 CNY, consommé selon les relevés à ce jour : 0,00 CNY.\n"
           "Répondez CONSO pour votre consommation, ARRET pour recevoir moins de messages.",
           "Vous avez atteint 80 % de votre plafond (données mobiles) : 240,00 CNY sur 300,00 CNY TTC, selon les "
           "relevés à ce jour. Prix : données mobiles 3,00 CNY par Mo TTC. Le service sera coupé à 300,00 CNY, "
           "jusqu'à votre accord. Pour continuer, vous n'avez rien à faire ; pour cesser, désactivez "
           "l'itinérance des données. Le plafond se renouvelle le 1 déc. 2026, 00:00 (UTC+8).",
           "Service coupé : données mobiles. Vous avez consommé 300,00 CNY sur votre plafond de 300,00 CNY TTC, "
           "selon les relevés à ce jour. Prix au-delà : données mobiles 3,00 CNY par Mo TTC.\n"
           "1 Continuer jusqu'à 400,00 CNY\n"
           "2 Japan, 500 Mo, 1 jour : 30,00 CNY TTC\n"
           "3 Non, laisser coupé\n"
           "Répondez par le numéro ou NON avant le 25 nov. 2026, 13:31 (UTC+8). Plusieurs questions ? Ajoutez le "
           "code : 3 4821. Sans réponse, le service reste coupé jusqu'au 1 déc. 2026, 00:00 (UTC+8)."});
}

TEST_CASE("Spanish travellers read the welcome, a threshold and the question at a cap") {
    check({"es-ES",
           "Le damos la bienvenida a Japón. Precios en roaming (impuestos incluidos):\n"
           "Datos: 3,00 CNY/MB\n"
           "Llamadas: 2,99 CNY/min\n"
           "Llamadas recibidas: 1,99 CNY/min\n"
           "SMS: 0,39 CNY/SMS\n"
           "SMS recibidos: gratis\n"
           "Tope para datos: 300,00 CNY; registrado hasta ahora: 0,00 CNY.\n"
           "Responda CONSUMO para ver su consumo, BAJA para recibir menos mensajes.",
           "Ha alcanzado el 80 % de su tope para datos. Consumo registrado hasta ahora: 240,00 CNY de 300,00 CNY "
           "(impuestos incluidos). Precio: datos 3,00 CNY/MB, impuestos incluidos. Al llegar a 300,00 CNY el "
           "servicio se interrumpe hasta que usted acepte. Para seguir no tiene que hacer nada; para parar, "
           "desactive los datos en roaming. El tope se renueva el 1 dic 2026, 0:00 (UTC+8).",
           "Servicio desactivado: datos. Consumo registrado hasta ahora: 300,00 CNY de su tope de 300,00 CNY "
           "(impuestos incluidos). Precio pasado el tope: datos 3,00 CNY/MB, impuestos incluidos.\n"
           "1 Seguir hasta 400,00 CNY\n"
           "2 Japan, 500 MB, 1 d: 30,00 CNY, impuestos incluidos\n"
           "3 No, dejar desactivado\n"
           "Responda con la cifra o NO antes del 25 nov 2026, 13:31 (UTC+8). ¿Varias preguntas? Añada la clave: "
           "3 4821. Sin respuesta, sigue desactivado hasta el 1 dic 2026, 0:00 (UTC+8)."});
}

TEST_CASE("Japanese travellers read the welcome, a threshold and the question at a cap") {
    check({"ja-JP",
           "日本へようこそ。海外でのご利用料金（税込）：\n"
           "データ通信：3.00人民元/MB\n"
           "発信通話：2.99人民元/分\n"
           "着信通話：1.99人民元/分\n"
           "SMS送信：0.39人民元/通\n"
           "SMS受信：無料\n"
           "データ通信の上限は300.00人民元、現時点の記録でのご利用は0.00人民元です。\n"
           "「利用状況」と返信すると利用状況の確認、「配信停止」でお知らせを減らすことができます。",
           "データ通信のご利用が上限の80%に達しました。現時点の記録で、上限300.00人民元（税込）"
           "のうち240.00人民元をご利用です。料金：データ通信3.00人民元/MB（税込）。上限に達すると、"
           "同意をいただくまで停止します。このまま続ける場合、操作は不要です。"
           "止めるにはデータローミングをオフにしてください。上限は2026年12月1日 0:00（UTC+8）にリセットされます。",
           "データ通信を停止しました。現時点の記録で、上限300.00人民元（税込）のうち300.00人民元をご利用です。"
           "上限を超えた場合の料金：データ通信3.00人民元/MB（税込）。\n"
           "1 上限を400.00人民元に上げて続ける\n"
           "2 Japan（500MB、1日）：30.00人民元（税込）\n"
           "3 いいえ、停止したままにする\n"
           "2026年11月25日 13:31（UTC+8）までに番号か「いいえ」を返信してください（質問が複数あるときは確認コードも：3 "
           "4821）。"
           "ご返信がない場合、2026年12月1日 0:00（UTC+8）まで停止したままです。"});
}

TEST_CASE("Traditional Chinese travellers read the welcome, a threshold and the question at a cap") {
    check({"zh-HK",
           "歡迎來到日本。您的漫遊收費（含稅）：\n"
           "數據：人民幣3.00元/MB\n"
           "撥打電話：人民幣2.99元/分鐘\n"
           "接聽電話：人民幣1.99元/分鐘\n"
           "發送SMS：人民幣0.39元/則\n"
           "接收SMS：免費\n"
           "數據上限為人民幣300.00元，截至目前紀錄已用人民幣0.00元。\n"
           "回覆「用量」查詢用量，回覆「退訂」減少訊息。",
           "您的漫遊數據已達上限的80%：截至目前紀錄已用人民幣240.00元，上限人民幣300.00元（含稅）。收費："
           "數據人民幣3.00元/MB（含稅）。達到上限後將關閉，經您同意才會繼續。如繼續使用，無須操作；如要停用，"
           "請關閉數據漫遊。上限於2026年12月1日 上午12:00（UTC+8）重新計算。",
           "漫遊數據已關閉：截至目前紀錄已用人民幣300.00元，上限人民幣300.00元（含稅）。繼續使用的收費："
           "數據人民幣3.00元/MB（含稅）。\n"
           "1 繼續使用，上限提高至人民幣400.00元\n"
           "2 Japan（500MB，1天）：人民幣30.00元（含稅）\n"
           "3 不，維持關閉\n"
           "請於2026年11月25日 下午1:31（UTC+8）前回覆選項編號或「否」，有多個問題時加驗證碼：3 4821。如不答覆，"
           "將維持關閉至2026年12月1日 上午12:00（UTC+8）。"});
}
