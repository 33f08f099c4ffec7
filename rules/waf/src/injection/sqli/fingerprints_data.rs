//! The fingerprints that mean an injection, in upper case: by their first two symbols, the ways
//! in which each goes on. `_` says that it ends there.
//!
//! Derived from the tables of libinjection, and so under its licence as well:
//! Copyright (c) 2012-2016, Nick Galbreath. All rights reserved. BSD-3-Clause.
//! The full text is in the file NOTICE of this package.

/// How many fingerprints [`FINGERPRINTS`] has.
pub(super) const COUNT: usize = 8366;

/// Prefix and suffixes, both in ascending order of their bytes; of these `_` is the lowest.
pub(super) const FINGERPRINTS: &[(&str, &str)] = &[
    (
        "&(",
        "1)O 1)U 1O( 1OF 1OS 1OV F() F(1 F(F F(N F(S F(V N)O N)U NO( NOF NOS NOV S)O S)U SO( SO1 \
         SOF SON SOS SOV V)O V)U VO( VOF VOS",
    ),
    (
        "&1",
        "O(1 O(F O(N O(S O(V OF( OS( OS1 OSF OSU OSV OV( OVF OVO OVS OVU UE( UE1 UEF UEK UEN UES \
         UEV",
    ),
    ("&F", "()O ()U (1) (1O (F( (N) (NO (S) (SO (V) (VO"),
    (
        "&N",
        "O(1 O(F O(N O(S O(V OF( OS( OS1 OSF OSU OSV OV( OVF OVO OVS OVU UE( UE1 UEF UEK UEN UES \
         UEV",
    ),
    (
        "&S",
        "O(1 O(F O(N O(S O(V O1( O1F O1N O1S O1U O1V OF( ON( ON1 ONF ONU OS( OS1 OSF OSU OSV OV( \
         OVF OVO OVS OVU UE( UE1 UEF UEK UEN UES UEV",
    ),
    ("&V", "O(1 O(F O(N O(S O(V OF( OS( OS1 OSF OSU OSV UE( UE1 UEF UEK UEN UES UEV"),
    (")&", "(EK (EN"),
    (")U", "E(1 E(F E(N E(S E(V E1K E1O EF( EK( EK1 EKF EKN EKS EKV ENK ENO ESK ESO EVK EVO"),
    (
        "1&",
        "(1& (1) (1, (1O (E( (E1 (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO (V& \
         (V) (V, (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1)& 1)C 1)O 1)U 1; 1;C 1;E 1;T 1B( 1B1 1BF 1BN 1BS \
         1BV 1C 1EK 1EN 1F( 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1TN 1U 1U( 1U; 1UC 1UE E(1 \
         E(F E(N E(O E(S E(V E1 E1; E1C E1K E1O EF( EK( EK1 EKF EKN EKS EKU EKV EN EN; ENC ENK \
         ENO ES ES; ESC ESK ESO EUE EV EV; EVC EVK EVO F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F \
         K&N K&S K&V K(1 K(F K(N K(S K(V K1O KC KF( KNK KO( KO1 KOF KOK KON KOS KOV KSO KVO N&( \
         N&1 N&F N&N N&S N&V N)& N)C N)O N)U N; N;C N;E N;T NB( NB1 NBF NBN NBS NBV NC NEN NF( \
         NK( NK1 NKF NKN NKS NKV NO( NOF NOS NOV NTN NU NU( NU; NUC NUE S S&( S&1 S&F S&N S&S S&V \
         S)& S)C S)O S)U S1 S1; S1C S; S;C S;E S;T SB( SB1 SBF SBN SBS SBV SC SEK SEN SF( SK( SK1 \
         SKF SKN SKS SKV SO( SO1 SOF SON SOS SOV STN SU SU( SU; SUC SUE SV SV; SVC SVO V V&( V&1 \
         V&F V&N V&S V&V V)& V)C V)O V)U V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VEK VEN VF( \
         VK( VK1 VKF VKN VKS VKV VO( VOF VOS VS VS; VSC VSO VTN VU VU( VU; VUC VUE",
    ),
    ("1(", "EF( EKF EKN ENK U(E"),
    (
        "1)",
        "&(1 &(E &(F &(N &(S &(V &1 &1& &1) &1; &1B &1C &1F &1O &1U &F( &N &N& &N) &N; &NB &NC \
         &NF &NO &NU &S &S& &S) &S; &SB &SC &SF &SO &SU &V &V& &V) &V; &VB &VC &VF &VO &VU ,(1 \
         ,(F ,(N ,(S ,(V ;E( ;E1 ;EF ;EK ;EN ;EO ;ES ;EV ;T( ;T1 ;TF ;TK ;TN ;TO ;TS ;TV B(1 B(F \
         B(N B(S B(V B1 B1& B1; B1C B1K B1N B1O B1U BF( BN BN& BN; BNC BNK BNO BNU BS BS& BS; BSC \
         BSK BSO BSU BV BV& BV; BVC BVK BVO BVU C E(1 E(F E(N E(S E(V E1C E1O EF( EK( EK1 EKF EKN \
         EKS EKV ENC ENO ESC ESO EVC EVO F(F K(1 K(F K(N K(S K(V K1& K1; K1B K1E K1O K1U KB( KB1 \
         KBF KBN KBS KBV KF( KN& KN; KNB KNC KNE KNK KNU KS& KS; KSB KSE KSO KSU KUE KV& KV; KVB \
         KVE KVO KVU O(1 O(E O(F O(N O(S O(V O1 O1& O1) O1; O1B O1C O1K O1U OF( ON& ON) ON; ONB \
         ONC ONK ONU OS OS& OS) OS; OSB OSC OSK OSU OV OV& OV) OV; OVB OVC OVK OVO OVU U(E UE( \
         UE1 UEF UEK UEN UES UEV",
    ),
    (
        "1,",
        "(1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V",
    ),
    (
        "1;",
        "E(1 E(E E(F E(N E(S E(V E1, E1; E1C E1K E1O E1T EF( EK( EK1 EKF EKN EKO EKS EKV EN, EN; \
         ENC ENE ENK ENO ENT ES, ES; ESC ESK ESO EST EV, EV; EVC EVK EVO EVT N:T T(1 T(C T(E T(F \
         T(N T(S T(V T1( T1, T1; T1C T1F T1K T1O T1T T; T;C TF( TK( TK1 TKF TKK TKN TKO TKS TKV \
         TN( TN, TN1 TN; TNC TNF TNK TNN TNO TNS TNT TNV TO( TS( TS, TS; TSC TSF TSK TSO TST TTN \
         TV( TV, TV; TVC TVF TVK TVO TVT",
    ),
    (
        "1A",
        "(F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V SO( SO1 SOF SON SOS SOV SUE TO( TO1 \
         TOF TON TOS TOV TUE VO( VOF VOS VUE",
    ),
    (
        "1B",
        "(1) (1O (F( (NO (S) (SO (V) (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1,( 1,F 1; 1;C 1B( 1B1 1BF 1BN \
         1BS 1BV 1C 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1U( 1UE E(1 E(F E(N E(S E(V EK( F() \
         F(1 F(F F(N F(S F(V N N&( N&1 N&F N&N N&S N&V N,( N,F N; N;C NB( NB1 NBF NBN NBS NBV NC \
         NK( NK1 NKF NKN NKS NKV NO( NOF NOS NOV NU( NUE S S&( S&1 S&F S&N S&S S&V S,( S,F S; S;C \
         SB( SB1 SBF SBN SBS SBV SC SK( SK1 SKF SKN SKS SKV SO( SO1 SOF SON SOS SOV SU( SUE V V&( \
         V&1 V&F V&N V&S V&V V,( V,F V; V;C VB( VB1 VBF VBN VBS VBV VC VK( VK1 VKF VKN VKS VKV \
         VO( VOF VOS VU( VUE",
    ),
    ("1C", "_"),
    (
        "1E",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1;T 1C 1O( 1OF 1OS 1OV 1T( 1T1 1TF 1TN 1TS 1TV 1UE \
         F() F(1 F(F F(N F(S F(V K(1 K(E K(F K(N K(S K(V K1; K1C K1O K1T K1U KF( KN; KNC KNE KNT \
         KNU KOK KS; KSC KSO KST KSU KU( KU1 KUE KUF KUS KUV KV; KVC KVO KVT KVU N;T NC NEN NO( \
         NOF NOS NOV NT( NT1 NTF NTN NTS NTV NUE OKN S;T SC SO( SO1 SOF SON SOS SOV ST( ST1 STF \
         STN STS STV SUE U(1 U(F U(N U(S U(V U1, U1C U1O UEF UEK UF( US, USC USO UV, UVC UVO V;T \
         VC VO( VOF VOS VT( VT1 VTF VTN VTS VTV VUE",
    ),
    (
        "1F",
        "()1 ()F ()K ()N ()O ()S ()U ()V (1) (1N (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (N, (NO \
         (S) (SO (V) (VO",
    ),
    (
        "1K",
        "(1O (F( (N) (NO (S) (SO (V) (VO )&( )&1 )&F )&N )&S )&V );E );T )B( )B1 )BF )BN )BS )BV \
         )E( )E1 )EF )EK )EN )ES )EV )F( )O( )OF )UE 1 1&( 1&1 1&F 1&N 1&S 1&V 1; 1;C 1;E 1;T 1B( \
         1B1 1BF 1BN 1BS 1BV 1C 1E( 1E1 1EF 1EK 1EN 1ES 1EV 1O( 1OF 1OS 1OV 1U( 1UE F() F(1 F(F \
         F(N F(S F(V N N&( N&1 N&F N&N N&S N&V N; N;C N;E N;T NB( NB1 NBF NBN NBS NBV NC NE( NE1 \
         NEF NEN NES NEV NU( NUE S S&( S&1 S&F S&N S&S S&V S; S;C S;E S;T SB( SB1 SBF SBN SBS SBV \
         SC SE( SE1 SEF SEK SEN SES SEV SO( SO1 SOF SON SOS SOV SU( SUE UE( UE1 UEF UEK UEN UES \
         UEV V V&( V&1 V&F V&N V&S V&V V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VE( VE1 VEF VEK \
         VEN VES VEV VO( VOF VOS VU( VUE",
    ),
    (
        "1N",
        "&F( (1O (F( (S) (SO (V) (VO )UE ,F( E(1 E(F E(N E(S E(V E1C E1O EF( ENC ENO ESC ESO EVC \
         EVO U(E UE UE( UE1 UE; UEC UEF UEK UEN UES UEV",
    ),
    (
        "1O",
        "(1& (1) (1, (1O (E( (E1 (EE (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO \
         (V& (V) (V, (VO F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F K&N K&S K&V K(1 K(F K(N K(S K(V \
         K1C K1O KF( KNC KO( KO1 KOF KON KOS KOV KSC KSO KVC KVO NSU S&( S&1 S&E S&F S&K S&N S&S \
         S&U S&V S(E S(U S)& S), S); S)B S)C S)E S)F S)K S)O S)U S,( S,F S1( S1F S1N S1S S1U S1V \
         S; S;C S;E S;N S;T SA( SAF SAS SAT SAV SB( SB1 SBE SBF SBN SBS SBV SC SE( SE1 SEF SEK \
         SEN SEO SES SEU SEV SF( SK( SK) SK1 SKB SKF SKN SKS SKU SKV ST( ST1 STE STF STN STS STT \
         STV SU SU( SU1 SU; SUC SUE SUF SUK SUO SUS SUT SUV SV( SVF SVO SVS SVU U(E UEK UEN V V&( \
         V&1 V&E V&F V&K V&N V&S V&U V&V V(E V(U V)& V), V); V)B V)C V)E V)F V)K V)O V)U V,( V,F \
         V; V;C V;E V;N V;T VA( VAF VAS VAT VAV VB( VB1 VBE VBF VBN VBS VBV VC VE( VE1 VEF VEK \
         VEN VEO VES VEU VEV VF( VK( VK) VK1 VKB VKF VKN VKS VKU VKV VO( VOF VOK VOS VOU VS( VS1 \
         VSF VSO VSU VSV VT( VT1 VTE VTF VTN VTS VTT VTV VU VU( VU1 VU; VUC VUE VUF VUK VUO VUS \
         VUT VUV",
    ),
    ("1S", "F() F(1 F(F F(N F(S F(V UE UE; UEC UEK V V; V;C VC VO( VOF VOS"),
    (
        "1T",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1(F 1O( 1OF 1OS 1OV E(1 E(F E(N E(S E(V E1N E1O EF( \
         EK( EK1 EKF EKN EKS EKV ENN ENO ESN ESO EVN EVO F() F(1 F(F F(N F(S F(V N(1 N(F N(S N(V \
         N1C N1O N;E N;N N;T NE( NE1 NEF NEN NES NEV NF( NKN NN: NNC NNO NO( NOF NOS NOV NSC NSO \
         NT( NT1 NTF NTN NTS NTV NVC NVO S(F SO( SO1 SOF SON SOS SOV TNE TNK TNN TNT V(1 V(F VO( \
         VOF VOS",
    ),
    (
        "1U",
        "_ (1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO 1,( 1,F 1C 1O( 1OF 1OS \
         1OV ; ;C C E E(1 E(E E(F E(N E(O E(S E(V E1 E1& E1( E1) E1, E1; E1B E1C E1F E1K E1N E1O \
         E1S E1U E1V E; E;C EC EF EF( EF, EF; EFC EK EK( EK1 EK; EKC EKF EKN EKO EKS EKV EN EN& \
         EN( EN) EN, EN1 EN; ENB ENC ENF ENK ENN ENO ENS ENU EOK EON ES ES& ES( ES) ES, ES1 ES; \
         ESB ESC ESF ESK ESO ESU ESV EV EV& EV( EV) EV, EV; EVB EVC EVF EVK EVN EVO EVS EVU F() \
         F(1 F(F F(N F(S F(V K(E O(E ON( ON1 ONF ONS S,( S,F SC SO( SO1 SOF SON SOS SOV TN( TN1 \
         TNF TNN TNS TNV V,( V,F VC VO( VOF VOS",
    ),
    (
        "1V",
        "F() F(1 F(F F(N F(S F(V O(1 O(F O(N O(S O(V OF( OS( OS1 OSF OSU OSV S S; S;C SC SO( SO1 \
         SOF SON SOS SOV UE UE; UEC UEK",
    ),
    (";T", "(EF (EK KNC"),
    (
        "E(",
        "1&( 1&1 1&F 1&N 1&S 1&V 1)& 1), 1)1 1); 1)B 1)C 1)F 1)K 1)N 1)O 1)S 1)U 1)V 1,F 1F( 1N) \
         1O( 1OF 1OS 1OV 1S) 1V) 1VO E(1 E(E E(F E(N E(S E(V E1& E1) E1O EF( EK( EK1 EKF EKN EKS \
         EKV EN& EN) ENO ES& ES) ESO EV& EV) EVO F() F(1 F(E F(F F(N F(S F(V N&( N&1 N&F N&N N&S \
         N&V N(1 N(F N(S N(V N)& N), N)1 N); N)B N)C N)F N)K N)N N)O N)S N)U N)V N,F N1) N1O NF( \
         NO( NOF NOS NOV S&( S&1 S&F S&N S&S S&V S)& S), S)1 S); S)B S)C S)F S)K S)N S)O S)S S)U \
         S)V S,F S1) SF( SO( SO1 SOF SON SOS SOV SV) SVO V&( V&1 V&F V&N V&S V&V V)& V), V)1 V); \
         V)B V)C V)F V)K V)N V)O V)S V)U V)V V,F VF( VO( VOF VOS VS) VSO",
    ),
    (
        "E1",
        "&(1 &(E &(F &(N &(S &(V &1) &1O &F( &N) &NO &S) &SO &V) &VO ) )&( )&1 )&F )&N )&S )&V ); \
         );( );C );E );T )C )KN )O( )O1 )OF )ON )OS )OV )UE ,(1 ,(F ,(N ,(S ,(V ,F( ;(E B(1 B(F \
         B(N B(S B(V B1) B1O BF( BN) BNO BS) BSO BV) BVO F() F(1 F(F F(N F(S F(V K(1 K(E K(F K(N \
         K(S K(V K1) K1K K1O KF( KN KN) KN; KNC KNK KNU KS) KSK KSO KV) KVK KVO N)U N; N;C NC NKN \
         O(1 O(E O(F O(N O(S O(V OF( OS& OS( OS) OS, OS1 OS; OSB OSF OSK OSU OSV OV& OV( OV) OV, \
         OV; OVB OVF OVK OVO OVS OVU S; S;C SC U(E UE( UE1 UEF UEK UEN UES UEV V V; V;C VC VO( \
         VOF VOS",
    ),
    ("EE", "(F( K(F"),
    (
        "EF",
        "()& (), ()1 (); ()B ()F ()K ()N ()O ()S ()U ()V (1& (1) (1, (1O (E( (E1 (EF (EK (EN (ES \
         (EV (F( (N& (N) (N, (NO (O) (S& (S) (S, (SO (V& (V) (V, (VO",
    ),
    (
        "EK",
        "(1& (1( (1) (1, (1F (1N (1O (1S (1V (E( (E1 (EF (EK (EN (ES (EV (F( (N& (N( (N) (N, (N1 \
         (NF (NO (S& (S( (S) (S, (S1 (SF (SO (SV (V& (V( (V) (V, (VF (VO (VS 1&( 1&1 1&F 1&N 1&S \
         1&V 1) 1)& 1); 1)C 1)K 1)O 1)U 1,( 1,F 1;( 1B( 1B1 1BF 1BN 1BS 1BV 1F( 1K( 1K1 1KF 1KN \
         1KS 1KV 1N 1N) 1N; 1NC 1NK 1O( 1OF 1OS 1OV 1S 1S; 1SC 1SF 1SK 1U( 1UE 1V 1V; 1VC 1VF 1VK \
         1VO E(F EK( F() F(1 F(E F(F F(N F(O F(S F(V N&( N&1 N&F N&N N&S N&V N(1 N(F N(S N(V N) \
         N)& N); N)C N)K N)O N)U N,( N,F N1 N1; N1C N1K N1O N;( NB( NB1 NBF NBN NBS NBV NF( NK( \
         NK1 NKF NKN NKS NKV NU( NUE O(1 O(F O(N O(S O(V OK( OKN S&( S&1 S&F S&N S&S S&V S) S)& \
         S); S)C S)K S)O S)U S,( S,F S1 S1; S1C S1F S1K S;( SB( SB1 SBF SBN SBS SBV SF( SK( SK1 \
         SKF SKN SKS SKV SO( SO1 SOF SON SOS SOV SU( SUE SV SV; SVC SVF SVK SVO V&( V&1 V&F V&N \
         V&S V&V V) V)& V); V)C V)K V)O V)U V,( V,F V;( VB( VB1 VBF VBN VBS VBV VF( VK( VK1 VKF \
         VKN VKS VKV VO( VOF VOS VS VS; VSC VSF VSK VSO VU( VUE",
    ),
    (
        "EN",
        "&(1 &(E &(F &(N &(S &(V &1) &1O &F( &N) &NO &S) &SO &V) &VO (1O (F( (S) (SO (V) (VO ) \
         )&( )&1 )&F )&N )&S )&V ); );( );C );E );T )C )KN )O( )O1 )OF )ON )OS )OV )UE ,(1 ,(F \
         ,(N ,(S ,(V ,F( 1; 1;C 1O( 1OF 1OS 1OV ;(E B(1 B(F B(N B(S B(V B1) B1O BF( BN) BNO BS) \
         BSO BV) BVO F() F(1 F(F F(N F(S F(V K(1 K(E K(F K(N K(S K(V K1) K1K K1O KF( KN) KN, KN; \
         KNB KNC KNK KNU KS) KSK KSO KV) KVK KVO O(1 O(E O(F O(N O(S O(V OF( OS& OS( OS) OS, OS1 \
         OS; OSB OSF OSK OSU OSV OV& OV( OV) OV, OV; OVB OVF OVK OVO OVS OVU U(E UE( UE1 UEF UEK \
         UEN UES UEV",
    ),
    ("EO", "K(E KNK"),
    (
        "ES",
        "&(1 &(E &(F &(N &(S &(V &1) &1O &F( &N) &NO &S) &SO &V) &VO ) )&( )&1 )&F )&N )&S )&V ); \
         );( );C );E );T )C )KN )O( )O1 )OF )ON )OS )OV )UE ,(1 ,(F ,(N ,(S ,(V ,F( 1 1; 1;C 1C \
         ;(E B(1 B(F B(N B(S B(V B1) B1O BF( BN) BNO BS) BSO BV) BVO F() F(1 F(F F(N F(S F(V K(1 \
         K(E K(F K(N K(S K(V K1) K1K K1O KF( KN KN) KN; KNC KNK KNU KS) KSK KSO KV) KVK KVO O(1 \
         O(E O(F O(N O(S O(V O1& O1( O1) O1, O1; O1B O1F O1K O1N O1S O1U O1V OF( ON& ON( ON) ON, \
         ON1 ON; ONB ONF ONK ONU OS& OS( OS) OS, OS1 OS; OSB OSF OSK OSU OSV OV& OV( OV) OV, OV; \
         OVB OVF OVK OVO OVS OVU U(E UE( UE1 UEF UEK UEN UES UEV V V; V;C VC VO( VOF VOS",
    ),
    (
        "EV",
        "&(1 &(E &(F &(N &(S &(V &1) &1O &F( &N) &NO &S) &SO &V) &VO ) )&( )&1 )&F )&N )&S )&V ); \
         );( );C );E );T )C )KN )O( )O1 )OF )ON )OS )OV )UE ,(1 ,(F ,(N ,(S ,(V ,F( ;(E B(1 B(F \
         B(N B(S B(V B1) B1O BF( BN) BNO BS) BSO BV) BVO F() F(1 F(F F(N F(S F(V K(1 K(E K(F K(N \
         K(S K(V K1) K1K K1O KF( KN KN) KN; KNC KNK KNU KS) KSK KSO KV) KVK KVO N N)U N; N;C NC \
         NKN NO( NOF NOS NOV O(1 O(E O(F O(N O(S O(V OF( OS& OS( OS) OS, OS1 OS; OSB OSF OSK OSU \
         OSV S S; S;C SC SO( SO1 SOF SON SOS SOV U(E UE( UE1 UEF UEK UEN UES UEV",
    ),
    (
        "F(",
        ")&( )&1 )&E )&F )&K )&N )&S )&V ),( ),1 ),F ),N ),S ),V )1( )1F )1N )1O )1S )1U )1V );E \
         );N );T )A( )AF )AS )AT )AV )B( )B1 )BE )BF )BN )BS )BV )C )E( )E1 )EF )EK )EN )EO )ES \
         )EU )EV )F( )K( )K) )K1 )KF )KN )KS )KU )KV )N& )N( )N) )N, )N1 )NE )NF )NO )NU )O( )O1 \
         )OF )OK )ON )OS )OU )OV )S( )S1 )SF )SO )SU )SV )T( )T1 )TE )TF )TN )TS )TT )TV )U )U( \
         )U1 )U; )UC )UE )UF )UK )UO )US )UT )UV )V( )VF )VO )VS )VU 1&( 1&1 1&F 1&N 1&S 1&V 1) \
         1)& 1), 1)1 1); 1)A 1)B 1)C 1)E 1)F 1)K 1)N 1)O 1)S 1)T 1)U 1)V 1,( 1,F 1O( 1OF 1OS 1OV \
         E(1 E(E E(F E(N E(S E(V E1& E1) E1K E1O EF( EK( EK1 EKF EKN EKO EKS EKV EN& EN) ENK ENO \
         EOK ES& ES) ESK ESO EV& EV) EVK EVO F() F(1 F(E F(F F(N F(S F(V K() K,( K,F N&( N&1 N&F \
         N&N N&S N&V N) N)& N), N)1 N); N)A N)B N)C N)E N)F N)K N)N N)O N)S N)T N)U N)V N,( N,F \
         NO( NOF NOS NOV S&( S&1 S&F S&N S&S S&V S) S)& S), S)1 S); S)A S)B S)C S)E S)F S)K S)N \
         S)O S)S S)T S)U S)V S,( S,F SO( SO1 SOF SON SOS SOV T,( T,F V&( V&1 V&F V&N V&S V&V V) \
         V)& V), V)1 V); V)A V)B V)C V)E V)F V)K V)N V)O V)S V)T V)U V)V V,( V,F VO( VOF VOS",
    ),
    (
        "K(",
        "1), 1)A 1)K 1)O 1O( 1OF 1OS 1OV F() F(1 F(F F(N F(S F(V N), N)A N)K N)O NO( NOF NOS NOV \
         S), S)A S)K S)O SO( SO1 SOF SON SOS SOV V), V)A V)K V)O VO( VOF VOS",
    ),
    (
        "K1",
        ",(1 ,(F ,(N ,(S ,(V ,F( A(F A(N A(S A(V AF( ASO AVO K(1 K(F K(N K(S K(V K1O K1U KF( KNU \
         KSO KSU KVO KVU O(1 O(F O(N O(S O(V OF( OS( OS, OS1 OSA OSF OSK OSV OV( OV, OVA OVF OVK \
         OVO OVS",
    ),
    ("KF", "(), ()A ()K ()O (1) (1O (F( (N) (NO (S) (SO (V) (VO"),
    (
        "KN",
        ",(1 ,(F ,(N ,(S ,(V ,F( A(F A(N A(S A(V AF( ASO AVO K(1 K(F K(N K(S K(V K1O K1U KF( KNU \
         KSO KSU KVO KVU",
    ),
    (
        "KS",
        ",(1 ,(F ,(N ,(S ,(V ,F( A(F A(N A(S A(V AF( ASO AVO K(1 K(F K(N K(S K(V K1O K1U KF( KNU \
         KSO KSU KVO KVU O(1 O(F O(N O(S O(V O1( O1, O1A O1F O1K O1N O1S O1V OF( ON( ON, ON1 ONA \
         ONF ONK OS( OS, OS1 OSA OSF OSK OSV OV( OV, OVA OVF OVK OVO OVS",
    ),
    (
        "KV",
        ",(1 ,(F ,(N ,(S ,(V ,F( A(F A(N A(S A(V AF( ASO AVO K(1 K(F K(N K(S K(V K1O K1U KF( KNU \
         KSO KSU KVO KVU O(1 O(F O(N O(S O(V OF( OS( OS, OS1 OSA OSF OSK OSV",
    ),
    (
        "N&",
        "(1& (1) (1, (1O (E( (E1 (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO (V& \
         (V) (V, (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1)& 1)C 1)O 1)U 1; 1;C 1;E 1;T 1B( 1B1 1BF 1BN 1BS \
         1BV 1C 1EK 1EN 1F( 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1TN 1U 1U( 1U; 1UC 1UE E(1 \
         E(F E(N E(O E(S E(V E1 E1; E1C E1K E1O EF( EK( EK1 EKF EKN EKS EKV EN; ENC ENK ENO ES \
         ES; ESC ESK ESO EV EV; EVC EVK EVO F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F K&N K&S K&V \
         K(1 K(F K(N K(S K(V K1O KC KF( KNK KO( KO1 KOF KOK KON KOS KOV KSO KVO N&( N&1 N&F N&S \
         N&V N)& N)C N)O N)U N;C N;E N;T NB( NB1 NBF NBS NBV NF( NK( NK1 NKF NKS NKV NO( NOF NOS \
         NOV NU NU( NU; NUC NUE S&( S&1 S&F S&N S&S S&V S)& S)C S)O S)U S1 S1; S1C S; S;C S;E S;T \
         SB( SB1 SBF SBN SBS SBV SC SEK SEN SF( SK( SK1 SKF SKN SKS SKV SO( SO1 SOF SON SOS SOV \
         STN SU SU( SU; SUC SUE SV SV; SVC SVO V V&( V&1 V&F V&N V&S V&V V)& V)C V)O V)U V; V;C \
         V;E V;T VB( VB1 VBF VBN VBS VBV VC VEK VEN VF( VK( VK1 VKF VKN VKS VKV VO( VOF VOS VS \
         VS; VSC VSO VTN VU VU( VU; VUC VUE",
    ),
    (
        "N)",
        "&(1 &(E &(F &(N &(S &(V &1 &1& &1) &1; &1B &1C &1F &1O &1U &F( &N &N& &N) &N; &NB &NC \
         &NF &NO &NU &S &S& &S) &S; &SB &SC &SF &SO &SU &V &V& &V) &V; &VB &VC &VF &VO &VU ,(1 \
         ,(F ,(N ,(S ,(V ;E( ;E1 ;EF ;EK ;EN ;EO ;ES ;EV ;T( ;T1 ;TF ;TK ;TN ;TO ;TS ;TV B(1 B(F \
         B(N B(S B(V B1 B1& B1; B1C B1K B1N B1O B1U BF( BN BN& BN; BNC BNK BNO BNU BS BS& BS; BSC \
         BSK BSO BSU BV BV& BV; BVC BVK BVO BVU E(1 E(F E(N E(S E(V E1C E1O EF( EK( EK1 EKF EKN \
         EKS EKV ENC ENO ESC ESO EVC EVO F(F K(1 K(F K(N K(S K(V K1& K1; K1B K1E K1O K1U KB( KB1 \
         KBF KBN KBS KBV KF( KN& KN; KNB KNC KNE KNK KNU KS& KS; KSB KSE KSO KSU KUE KV& KV; KVB \
         KVE KVO KVU O(1 O(E O(F O(N O(S O(V O1& O1) O1; O1B O1C O1K O1U OF( ON& ON) ON; ONB ONC \
         ONK ONU OS OS& OS) OS; OSB OSC OSK OSU OV OV& OV) OV; OVB OVC OVK OVO OVU U(E UE( UE1 \
         UEF UEK UEN UES UEV",
    ),
    ("N,", "(1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V"),
    (
        "N1",
        "O(1 O(F O(N O(S O(V OF( OS( OS1 OSF OSU OSV OV( OVF OVO OVS OVU S; S;C SC UE UE; UEC UEK \
         V; V;C VC VO( VOF VOS",
    ),
    (
        "N;",
        "E(1 E(E E(F E(N E(S E(V E1, E1; E1C E1K E1O E1T EF( EK( EK1 EKF EKN EKO EKS EKV EN, EN; \
         ENC ENE ENK ENO ENT ES, ES; ESC ESK ESO EST EV, EV; EVC EVK EVO EVT N:T T(1 T(C T(E T(F \
         T(N T(S T(V T1( T1, T1; T1C T1F T1K T1O T1T T; T;C TF( TK( TK1 TKF TKK TKO TKS TKV TN( \
         TN, TN1 TN; TNC TNE TNF TNK TNN TNO TNS TNT TNV TO( TS( TS, TS; TSC TSF TSK TSO TST TTN \
         TV( TV, TV; TVC TVF TVK TVO TVT",
    ),
    (
        "NA",
        "(F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V SO( SO1 SOF SON SOS SOV SUE TO( TO1 \
         TOF TON TOS TOV TUE VO( VOF VOS VUE",
    ),
    (
        "NB",
        "(1& (1) (1O (F( (N& (NO (S& (S) (SO (V& (V) (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1,( 1,F 1; 1;C \
         1B( 1B1 1BF 1BN 1BS 1BV 1C 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1U( 1UE E(1 E(F E(N \
         E(S E(V EK( F() F(1 F(F F(N F(S F(V N&( N&1 N&F N&N N&S N&V N,( N,F N; N;C NB( NB1 NBF \
         NBN NBS NBV NC NK( NK1 NKF NKN NKS NKV NO( NOF NOS NOV NU( NUE S S&( S&1 S&F S&N S&S S&V \
         S,( S,F S; S;C SB( SB1 SBF SBN SBS SBV SC SK( SK1 SKF SKN SKS SKV SO( SO1 SOF SON SOS \
         SOV SU( SUE V V&( V&1 V&F V&N V&S V&V V,( V,F V; V;C VB( VB1 VBF VBN VBS VBV VC VK( VK1 \
         VKF VKN VKS VKV VO( VOF VOS VU( VUE",
    ),
    ("NC", "_"),
    (
        "NE",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1;T 1C 1O( 1OF 1OS 1OV 1T( 1T1 1TF 1TN 1TS 1TV 1UE \
         F() F(1 F(F F(N F(S F(V N;T NO( NOF NOS NOV NT( NT1 NTF NTN NTS NTV NUE OKN S;T SC SO( \
         SO1 SOF SON SOS SOV ST( ST1 STF STN STS STV SUE U(1 U(F U(N U(S U(V U1, U1C U1O UEF UEK \
         UF( US, USC USO UV, UVC UVO V;T VC VO( VOF VOS VT( VT1 VTF VTN VTS VTV VUE",
    ),
    (
        "NF",
        "()1 ()F ()K ()N ()O ()S ()U ()V (1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N, (NO (S) (SO \
         (V) (VO",
    ),
    (
        "NK",
        "(1) (1O (F( (NO (S) (SO (V) (VO )&( )&1 )&F )&N )&S )&V );E );T )B( )B1 )BF )BN )BS )BV \
         )E( )E1 )EF )EK )EN )ES )EV )F( )O( )OF )UE 1 1&( 1&1 1&F 1&N 1&S 1&V 1;C 1;E 1;T 1B( \
         1B1 1BF 1BN 1BS 1BV 1C 1E( 1E1 1EF 1EK 1EN 1ES 1EV 1O( 1OF 1OS 1OV 1U( 1UE F() F(1 F(F \
         F(N F(S F(V N N&( N&1 N&F N&S N&V N;C N;E N;T NB( NB1 NBF NBN NBS NBV NE( NE1 NEF NES \
         NEV NU( NUE S S&( S&1 S&F S&N S&S S&V S; S;C S;E S;T SB( SB1 SBF SBN SBS SBV SC SE( SE1 \
         SEF SEK SEN SES SEV SO( SO1 SOF SON SOS SOV SU( SUE UE( UE1 UEF UEK UEN UES UEV V V&( \
         V&1 V&F V&N V&S V&V V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VE( VE1 VEF VEK VEN VES \
         VEV VO( VOF VOS VU( VUE",
    ),
    (
        "NO",
        "(1& (1) (1, (1O (E( (E1 (EE (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO \
         (V& (V) (V, (VO F() F(1 F(E F(F F(N F(S F(V K&( K(1 K(F K(N K(S K(V K1C K1O KF( KNC KO( \
         KO1 KOF KON KOS KOV KSC KSO KVC KVO NSU S&( S&1 S&E S&F S&K S&N S&S S&U S&V S(E S(U S)& \
         S), S); S)B S)C S)E S)F S)K S)O S)U S,( S,F S1( S1F S1N S1S S1U S1V S; S;C S;E S;T SA( \
         SAF SAS SAT SAV SB( SB1 SBE SBF SBN SBS SBV SC SE( SE1 SEF SEK SEN SEO SES SEU SEV SF( \
         SK( SK) SK1 SKB SKF SKN SKS SKU SKV ST( ST1 STE STF STN STS STT STV SU SU( SU1 SU; SUC \
         SUE SUF SUK SUO SUS SUT SUV SV( SVF SVO SVS SVU U(E UEK UEN V&( V&1 V&E V&F V&K V&N V&S \
         V&U V&V V(E V(U V)& V), V); V)B V)C V)E V)F V)K V)O V)U V,( V,F V; V;C V;E V;N V;T VA( \
         VAF VAS VAT VAV VB( VB1 VBE VBF VBN VBS VBV VC VE( VE1 VEF VEK VEN VEO VES VEU VEV VF( \
         VK( VK) VK1 VKB VKF VKN VKS VKU VKV VO( VOF VOK VOS VOU VS( VS1 VSF VSO VSU VSV VT( VT1 \
         VTE VTF VTN VTS VTT VTV VU VU( VU1 VU; VUC VUE VUF VUK VUO VUS VUT VUV",
    ),
    ("NS", "O1U ONU OSU OVU UE UE; UEC UEK"),
    (
        "NT",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1(F 1O( 1OF 1OS 1OV E(1 E(F E(N E(S E(V E1N E1O EF( \
         EK( EK1 EKF EKN EKS EKV ENN ENO ESN ESO EVN EVO F() F(1 F(F F(N F(S F(V N(1 N(F N(S N(V \
         N1C N1O N;E N;N N;T NE( NE1 NEF NEN NES NEV NF( NKN NN: NNC NNO NO( NOF NOS NOV NSC NSO \
         NT( NT1 NTF NTN NTS NTV NVC NVO S(F SO( SO1 SOF SON SOS SOV TNE TNK TNN TNT V(1 V(F VO( \
         VOF VOS",
    ),
    (
        "NU",
        "(1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO 1,( 1,F 1C 1O( 1OF 1OS \
         1OV ; ;C C E E(1 E(E E(F E(N E(O E(S E(V E1 E1& E1( E1) E1, E1; E1B E1C E1F E1K E1N E1O \
         E1S E1U E1V E; E;C EC EF EF( EF, EF; EFC EK EK( EK1 EK; EKC EKF EKN EKO EKS EKV EN EN& \
         EN( EN) EN, EN1 EN; ENB ENC ENF ENK ENO ENS ENU EOK EON ES ES& ES( ES) ES, ES1 ES; ESB \
         ESC ESF ESK ESO ESU ESV EV EV& EV( EV) EV, EV; EVB EVC EVF EVK EVN EVO EVS EVU F() F(1 \
         F(F F(N F(S F(V K(E O(E ON( ON1 ONF ONS S,( S,F SC SO( SO1 SOF SON SOS SOV TN( TN1 TNF \
         TNN TNS TNV V,( V,F VC VO( VOF VOS",
    ),
    (
        "S&",
        "(1& (1) (1, (1O (E( (E1 (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO (V& \
         (V) (V, (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1)& 1)C 1)O 1)U 1; 1;C 1;E 1;T 1B( 1B1 1BF 1BN 1BS \
         1BV 1C 1EK 1EN 1F( 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1TN 1U 1U( 1U; 1UC 1UE E(1 \
         E(F E(N E(O E(S E(V E1 E1; E1C E1K E1O EF( EK( EK1 EKF EKN EKS EKV EN EN; ENC ENK ENO ES \
         ES; ESC ESK ESO EV EV; EVC EVK EVO F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F K&N K&S K&V \
         K(1 K(F K(N K(S K(V K1O KC KF( KNK KO( KO1 KOF KOK KON KOS KOV KSO KVO N N&( N&1 N&F N&N \
         N&S N&V N)& N)C N)O N)U N; N;C N;E N;T NB( NB1 NBF NBN NBS NBV NC NEN NF( NK( NK1 NKF \
         NKN NKS NKV NO( NOF NOS NOV NTN NU NU( NU; NUC NUE S S&( S&1 S&F S&N S&S S&V S)& S)C S)O \
         S)U S1 S1; S1C S; S;C S;E S;T SB( SB1 SBF SBN SBS SBV SC SEK SEN SF( SK( SK1 SKF SKN SKS \
         SKV SO( SO1 SOF SON SOS SOV STN SU SU( SU; SUC SUE SV SV; SVC SVO V V&( V&1 V&F V&N V&S \
         V&V V)& V)C V)O V)U V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VEK VEN VF( VK( VK1 VKF \
         VKN VKS VKV VO( VOF VOS VS VS; VSC VSO VTN VU VU( VU; VUC VUE",
    ),
    ("S(", "EF( EKF EKN ENK U(E"),
    (
        "S)",
        "&(1 &(E &(F &(N &(S &(V &1 &1& &1) &1; &1B &1C &1F &1O &1U &F( &N &N& &N) &N; &NB &NC \
         &NF &NO &NU &S &S& &S) &S; &SB &SC &SF &SO &SU &V &V& &V) &V; &VB &VC &VF &VO &VU ,(1 \
         ,(F ,(N ,(S ,(V ;E( ;E1 ;EF ;EK ;EN ;EO ;ES ;EV ;T( ;T1 ;TF ;TK ;TN ;TO ;TS ;TV B(1 B(F \
         B(N B(S B(V B1 B1& B1; B1C B1K B1N B1O B1U BF( BN BN& BN; BNC BNK BNO BNU BS BS& BS; BSC \
         BSK BSO BSU BV BV& BV; BVC BVK BVO BVU C E(1 E(F E(N E(S E(V E1C E1O EF( EK( EK1 EKF EKN \
         EKS EKV ENC ENO ESC ESO EVC EVO F(F K(1 K(F K(N K(S K(V K1& K1; K1B K1E K1O K1U KB( KB1 \
         KBF KBN KBS KBV KF( KN& KN; KNB KNC KNE KNK KNU KS& KS; KSB KSE KSO KSU KUE KV& KV; KVB \
         KVE KVO KVU O(1 O(E O(F O(N O(S O(V O1 O1& O1) O1; O1B O1C O1K O1U OF( ON& ON) ON; ONB \
         ONC ONK ONU OS OS& OS) OS; OSB OSC OSK OSU OV OV& OV) OV; OVB OVC OVK OVO OVU U(E UE( \
         UE1 UEF UEK UEN UES UEV",
    ),
    (
        "S,",
        "(1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V",
    ),
    ("S1", "F() F(1 F(F F(N F(S F(V NC S; S;C SC UE UE; UEC UEK V V; V;C VC VO( VOF VOS"),
    (
        "S;",
        "E(1 E(E E(F E(N E(S E(V E1, E1; E1C E1K E1O E1T EF( EK( EK1 EKF EKN EKO EKS EKV EN, EN; \
         ENC ENE ENK ENO ENT ES, ES; ESC ESK ESO EST EV, EV; EVC EVK EVO EVT N:T T(1 T(C T(E T(F \
         T(N T(S T(V T1( T1, T1; T1C T1F T1K T1O T1T T; T;C TF( TK( TK1 TKF TKK TKN TKO TKS TKV \
         TN( TN, TN1 TN; TNC TNE TNF TNK TNN TNO TNS TNT TNV TO( TS( TS, TS; TSC TSF TSK TSO TST \
         TTN TV( TV, TV; TVC TVF TVK TVO TVT",
    ),
    (
        "SA",
        "(F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V SO( SO1 SOF SON SOS SOV SUE TO( TO1 \
         TOF TON TOS TOV TUE VO( VOF VOS VUE",
    ),
    (
        "SB",
        "(1) (1O (F( (NO (S) (SO (V) (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1,( 1,F 1; 1;C 1B( 1B1 1BF 1BN \
         1BS 1BV 1C 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1U( 1UE E(1 E(F E(N E(S E(V EK( F() \
         F(1 F(F F(N F(S F(V N N&( N&1 N&F N&N N&S N&V N,( N,F N; N;C NB( NB1 NBF NBN NBS NBV NC \
         NK( NK1 NKF NKN NKS NKV NO( NOF NOS NOV NU( NUE S S&( S&1 S&F S&N S&S S&V S,( S,F S; S;C \
         SB( SB1 SBF SBN SBS SBV SC SK( SK1 SKF SKN SKS SKV SO( SO1 SOF SON SOS SOV SU( SUE V V&( \
         V&1 V&F V&N V&S V&V V,( V,F V; V;C VB( VB1 VBF VBN VBS VBV VC VK( VK1 VKF VKN VKS VKV \
         VO( VOF VOS VU( VUE",
    ),
    ("SC", "_"),
    (
        "SE",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1;T 1C 1O( 1OF 1OS 1OV 1T( 1T1 1TF 1TN 1TS 1TV 1UE \
         F() F(1 F(F F(N F(S F(V K(1 K(E K(F K(N K(S K(V K1; K1C K1O K1T K1U KF( KN; KNC KNE KNT \
         KNU KOK KS; KSC KSO KST KSU KU( KU1 KUE KUF KUS KUV KV; KVC KVO KVT KVU N;T NC NEN NO( \
         NOF NOS NOV NT( NT1 NTF NTN NTS NTV NUE OKN S;T SC SO( SO1 SOF SON SOS SOV ST( ST1 STF \
         STN STS STV SUE U(1 U(F U(N U(S U(V U1, U1C U1O UEF UEK UF( US, USC USO UV, UVC UVO V;T \
         VC VO( VOF VOS VT( VT1 VTF VTN VTS VTV VUE",
    ),
    (
        "SF",
        "()1 ()F ()K ()N ()O ()S ()U ()V (1) (1N (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (N, (NO \
         (S) (SO (V) (VO",
    ),
    (
        "SK",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO )&( )&1 )&F )&N )&S )&V );E );T )B( )B1 )BF )BN )BS \
         )BV )E( )E1 )EF )EK )EN )ES )EV )F( )O( )OF )UE 1 1&( 1&1 1&F 1&N 1&S 1&V 1; 1;C 1;E 1;T \
         1B( 1B1 1BF 1BN 1BS 1BV 1C 1E( 1E1 1EF 1EK 1EN 1ES 1EV 1O( 1OF 1OS 1OV 1U( 1UE F() F(1 \
         F(F F(N F(S F(V N N&( N&1 N&F N&N N&S N&V N; N;C N;E N;T NB( NB1 NBF NBN NBS NBV NC NE( \
         NE1 NEF NEN NES NEV NU( NUE S S&( S&1 S&F S&N S&S S&V S; S;C S;E S;T SB( SB1 SBF SBN SBS \
         SBV SC SE( SE1 SEF SEK SEN SES SEV SO( SO1 SOF SON SOS SOV SU( SUE UE( UE1 UEF UEK UEN \
         UES UEV V V&( V&1 V&F V&N V&S V&V V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VE( VE1 VEF \
         VEK VEN VES VEV VO( VOF VOS VU( VUE",
    ),
    (
        "SO",
        "(1& (1) (1, (1O (E( (E1 (EE (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO \
         (V& (V) (V, (VO 1&( 1&1 1&E 1&F 1&K 1&N 1&S 1&U 1&V 1(E 1(U 1)& 1), 1); 1)B 1)C 1)E 1)F \
         1)K 1)O 1)U 1,( 1,F 1; 1;C 1;E 1;N 1;T 1A( 1AF 1AS 1AT 1AV 1B( 1B1 1BE 1BF 1BN 1BS 1BV \
         1C 1E( 1E1 1EF 1EK 1EN 1EO 1ES 1EU 1EV 1F( 1K( 1K) 1K1 1KB 1KF 1KN 1KS 1KU 1KV 1N& 1N( \
         1N, 1NE 1NU 1SU 1SV 1T( 1T1 1TE 1TF 1TN 1TS 1TT 1TV 1U 1U( 1U1 1U; 1UC 1UE 1UF 1UK 1UO \
         1US 1UT 1UV 1V( 1VF 1VO 1VS 1VU F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F K&N K&S K&V K(1 \
         K(F K(N K(S K(V K1C K1O KF( KNC KO( KO1 KOF KON KOS KOV KSC KSO KVC KVO N&( N&1 N&E N&F \
         N&K N&N N&S N&U N&V N(1 N(E N(F N(S N(U N(V N)& N), N); N)B N)C N)E N)F N)K N)O N)U N,( \
         N,F N1( N1O N1U N1V N; N;C N;E N;N N;T NA( NAF NAS NAT NAV NB( NB1 NBE NBF NBN NBS NBV \
         NE( NE1 NEF NEN NEO NES NEU NEV NF( NK( NK) NK1 NKB NKF NKS NKU NKV NSU NT( NT1 NTE NTF \
         NTN NTS NTT NTV NU NU( NU1 NU; NUC NUE NUF NUK NUO NUS NUT NUV S S&( S&1 S&E S&F S&K S&N \
         S&S S&U S&V S(E S(U S)& S), S); S)B S)C S)E S)F S)K S)O S)U S,( S,F S1( S1F S1N S1S S1U \
         S1V S; S;C S;E S;N S;T SA( SAF SAS SAT SAV SB( SB1 SBE SBF SBN SBS SBV SC SE( SE1 SEF \
         SEK SEN SEO SES SEU SEV SF( SK( SK) SK1 SKB SKF SKN SKS SKU SKV ST( ST1 STE STF STN STS \
         STT STV SU SU( SU1 SU; SUC SUE SUF SUK SUO SUS SUT SUV SV( SVF SVO SVS SVU U(E UEK UEN V \
         V&( V&1 V&E V&F V&K V&N V&S V&U V&V V(E V(U V)& V), V); V)B V)C V)E V)F V)K V)O V)U V,( \
         V,F V; V;C V;E V;N V;T VA( VAF VAS VAT VAV VB( VB1 VBE VBF VBN VBS VBV VC VE( VE1 VEF \
         VEK VEN VEO VES VEU VEV VF( VK( VK) VK1 VKB VKF VKN VKS VKU VKV VO( VOF VOK VOS VOU VS( \
         VS1 VSF VSO VSU VSV VT( VT1 VTE VTF VTN VTS VTT VTV VU VU( VU1 VU; VUC VUE VUF VUK VUO \
         VUS VUT VUV",
    ),
    (
        "ST",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1(F 1O( 1OF 1OS 1OV E(1 E(F E(N E(S E(V E1N E1O EF( \
         EK( EK1 EKF EKN EKS EKV ENN ENO ESN ESO EVN EVO F() F(1 F(F F(N F(S F(V N(1 N(F N(S N(V \
         N1C N1O N;E N;N N;T NE( NE1 NEF NEN NES NEV NF( NKN NN: NNC NNO NO( NOF NOS NOV NSC NSO \
         NT( NT1 NTF NTN NTS NTV NVC NVO S(F SO( SO1 SOF SON SOS SOV TNE TNK TNN TNT V(1 V(F VO( \
         VOF VOS",
    ),
    (
        "SU",
        "(1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO 1,( 1,F 1C 1O( 1OF 1OS \
         1OV ; ;C C E E(1 E(E E(F E(N E(O E(S E(V E1 E1& E1( E1) E1, E1; E1B E1C E1F E1K E1N E1O \
         E1S E1U E1V E; E;C EC EF EF( EF, EF; EFC EK EK( EK1 EK; EKC EKF EKN EKO EKS EKV EN EN& \
         EN( EN) EN, EN1 EN; ENB ENC ENF ENK ENO ENS ENU EOK EON ES ES& ES( ES) ES, ES1 ES; ESB \
         ESC ESF ESK ESO ESU ESV EV EV& EV( EV) EV, EV; EVB EVC EVF EVK EVN EVO EVS EVU F() F(1 \
         F(F F(N F(S F(V K(E O(E ON( ON1 ONF ONS S,( S,F SC SO( SO1 SOF SON SOS SOV TN( TN1 TNF \
         TNN TNS TNV V,( V,F VC VO( VOF VOS",
    ),
    (
        "SV",
        "F() F(1 F(F F(N F(S F(V O(1 O(F O(N O(S O(V OF( OS( OS1 OSF OSU OSV S; S;C SC SO( SO1 \
         SOF SON SOS SOV UE UE; UEC UEK",
    ),
    (
        "T(",
        "1)F 1)O 1F( 1N) 1O( 1OF 1OS 1OV 1S) 1V) 1VO F() F(1 F(F F(N F(S F(V N(1 N(F N(S N(V N)F \
         N)O N1) N1O NF( NN) NNO NO( NOF NOS NOV NS) NSO NV) NVO S)F S)O S1) SF( SN) SNO SO( SO1 \
         SOF SON SOS SOV SV) SVO V)F V)O VF( VO( VOF VOS VS) VSO VV)",
    ),
    ("T1", "F(1 F(F F(N F(S F(V O(1 O(F O(N O(S O(V OF( OSF OVF OVO"),
    ("TF", "()F ()O (1) (1O (F( (N) (NO (S) (SO (V) (VO"),
    (
        "TN",
        "(1) (1O (F( (S) (SO (V) (VO 1; 1;C 1O( 1OF 1OS 1OV F() F(1 F(F F(N F(S F(V N; N;C NO( \
         NOF NOS NOV O(1 O(F O(N O(S O(V OF( OSF OVF OVO S; S;C SO( SO1 SOF SON SOS SOV V; V;C \
         VO( VOF VOS",
    ),
    ("TS", "F(1 F(F F(N F(S F(V O(1 O(F O(N O(S O(V O1F OF( ONF OSF OVF OVO"),
    ("TV", "F(1 F(F F(N F(S F(V O(1 O(F O(N O(S O(V OF( OSF"),
    (
        "U(",
        "E(1 E(F E(K E(N E(S E(V E1) E1O EF( EK( EK1 EKF EKN EKO EKS EKV EN) ENK ENO EOK ES) ESO \
         EV) EVO",
    ),
    (
        "UE",
        "(1) (1, (1O (F( (N) (N, (NO (S) (S, (SO (V) (V, (VO 1 1,( 1,F 1; 1;C 1C 1K( 1K1 1KF 1KN \
         1KS 1KV 1O( 1OF 1OS 1OV F() F(1 F(F F(N F(S F(V K(1 K(F K(N K(S K(V K1 K1, K1; K1C K1K \
         K1O KF( KN KN( KN, KN; KNC KNK KS KS, KS; KSC KSK KSO KV KV, KV; KVC KVK KVO N() N,( N,F \
         N; N;C NC NK( NK1 NKF NKN NKS NKV NO( NOF NOS NOV S S,( S,F S; S;C SC SK( SK1 SKF SKN \
         SKS SKV SO( SO1 SOF SON SOS SOV V V,( V,F V; V;C VC VK( VK1 VKF VKN VKS VKV VO( VOF VOS",
    ),
    ("UF", "(1O (F( (NO (SO (VO"),
    (
        "V&",
        "(1& (1) (1, (1O (E( (E1 (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO (V& \
         (V) (V, (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1)& 1)C 1)O 1)U 1; 1;C 1;E 1;T 1B( 1B1 1BF 1BN 1BS \
         1BV 1C 1EK 1EN 1F( 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1TN 1U 1U( 1U; 1UC 1UE E(1 \
         E(F E(N E(O E(S E(V E1 E1; E1C E1K E1O EF( EK( EK1 EKF EKN EKS EKV EN EN; ENC ENK ENO ES \
         ES; ESC ESK ESO EV EV; EVC EVK EVO F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F K&N K&S K&V \
         K(1 K(F K(N K(S K(V K1O KC KF( KNK KO( KO1 KOF KOK KON KOS KOV KSO KVO N N&( N&1 N&F N&N \
         N&S N&V N)& N)C N)O N)U N; N;C N;E N;T NB( NB1 NBF NBN NBS NBV NC NEN NF( NK( NK1 NKF \
         NKN NKS NKV NO( NOF NOS NOV NTN NU NU( NU; NUC NUE S S&( S&1 S&F S&N S&S S&V S)& S)C S)O \
         S)U S1 S1; S1C S; S;C S;E S;T SB( SB1 SBF SBN SBS SBV SC SEK SEN SF( SK( SK1 SKF SKN SKS \
         SKV SO( SO1 SOF SON SOS SOV STN SU SU( SU; SUC SUE SV SV; SVC SVO V V&( V&1 V&F V&N V&S \
         V&V V)& V)C V)O V)U V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VEK VEN VF( VK( VK1 VKF \
         VKN VKS VKV VO( VOF VOS VS VS; VSC VSO VTN VU VU( VU; VUC VUE",
    ),
    ("V(", "EF( EKF EKN ENK U(E"),
    (
        "V)",
        "&(1 &(E &(F &(N &(S &(V &1 &1& &1) &1; &1B &1C &1F &1O &1U &F( &N &N& &N) &N; &NB &NC \
         &NF &NO &NU &S &S& &S) &S; &SB &SC &SF &SO &SU &V &V& &V) &V; &VB &VC &VF &VO &VU ,(1 \
         ,(F ,(N ,(S ,(V ;E( ;E1 ;EF ;EK ;EN ;EO ;ES ;EV ;T( ;T1 ;TF ;TK ;TN ;TO ;TS ;TV B(1 B(F \
         B(N B(S B(V B1 B1& B1; B1C B1K B1N B1O B1U BF( BN BN& BN; BNC BNK BNO BNU BS BS& BS; BSC \
         BSK BSO BSU BV BV& BV; BVC BVK BVO BVU C E(1 E(F E(N E(S E(V E1C E1O EF( EK( EK1 EKF EKN \
         EKS EKV ENC ENO ESC ESO EVC EVO F(F K(1 K(F K(N K(S K(V K1& K1; K1B K1E K1O K1U KB( KB1 \
         KBF KBN KBS KBV KF( KN& KN; KNB KNC KNE KNK KNU KS& KS; KSB KSE KSO KSU KUE KV& KV; KVB \
         KVE KVO KVU O(1 O(E O(F O(N O(S O(V O1 O1& O1) O1; O1B O1C O1K O1U OF( ON ON& ON) ON; \
         ONB ONC ONK ONU OS OS& OS) OS; OSB OSC OSK OSU OV OV& OV) OV; OVB OVC OVK OVO OVU U(E \
         UE( UE1 UEF UEK UEN UES UEV",
    ),
    (
        "V,",
        "(1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V",
    ),
    (
        "V;",
        "E(1 E(E E(F E(N E(S E(V E1, E1; E1C E1K E1O E1T EF( EK( EK1 EKF EKN EKO EKS EKV EN, EN; \
         ENC ENE ENK ENO ENT ES, ES; ESC ESK ESO EST EV, EV; EVC EVK EVO EVT N:T T(1 T(C T(E T(F \
         T(N T(S T(V T1( T1, T1; T1C T1F T1K T1O T1T T; T;C TF( TK( TK1 TKF TKK TKN TKO TKS TKV \
         TN( TN, TN1 TN; TNC TNE TNF TNK TNN TNO TNS TNT TNV TO( TS( TS, TS; TSC TSF TSK TSO TST \
         TTN TV( TV, TV; TVC TVF TVK TVO TVT",
    ),
    (
        "VA",
        "(F( (N) (NO (S) (SO (V) (VO F() F(1 F(F F(N F(S F(V SO( SO1 SOF SON SOS SOV SUE TO( TO1 \
         TOF TON TOS TOV TUE VO( VOF VOS VUE",
    ),
    (
        "VB",
        "(1) (1O (F( (NO (S) (SO (V) (VO 1 1&( 1&1 1&F 1&N 1&S 1&V 1,( 1,F 1; 1;C 1B( 1B1 1BF 1BN \
         1BS 1BV 1C 1K( 1K1 1KF 1KN 1KS 1KV 1O( 1OF 1OS 1OV 1U( 1UE E(1 E(F E(N E(S E(V EK( F() \
         F(1 F(F F(N F(S F(V N N&( N&1 N&F N&N N&S N&V N,( N,F N; N;C NB( NB1 NBF NBN NBS NBV NC \
         NK( NK1 NKF NKN NKS NKV NO( NOF NOS NOV NU( NUE S S&( S&1 S&F S&N S&S S&V S,( S,F S; S;C \
         SB( SB1 SBF SBN SBS SBV SC SK( SK1 SKF SKN SKS SKV SO( SO1 SOF SON SOS SOV SU( SUE V V&( \
         V&1 V&F V&N V&S V&V V,( V,F V; V;C VB( VB1 VBF VBN VBS VBV VC VK( VK1 VKF VKN VKS VKV \
         VO( VOF VOS VU( VUE",
    ),
    ("VC", "_"),
    (
        "VE",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1;T 1C 1O( 1OF 1OS 1OV 1T( 1T1 1TF 1TN 1TS 1TV 1UE \
         F() F(1 F(F F(N F(S F(V K(1 K(E K(F K(N K(S K(V K1; K1C K1O K1T K1U KF( KN; KNC KNE KNT \
         KNU KOK KS; KSC KSO KST KSU KU( KU1 KUE KUF KUS KUV KV; KVC KVO KVT KVU N;T NC NEN NO( \
         NOF NOS NOV NT( NT1 NTF NTN NTS NTV NUE OKN S;T SC SO( SO1 SOF SON SOS SOV ST( ST1 STF \
         STN STS STV SUE U(1 U(F U(N U(S U(V U1, U1C U1O UEF UEK UF( US, USC USO UV, UVC UVO V;T \
         VC VO( VOF VOS VT( VT1 VTF VTN VTS VTV VUE",
    ),
    (
        "VF",
        "()1 ()F ()K ()N ()O ()S ()U ()V (1) (1N (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (N, (NO \
         (S) (SO (V) (VO",
    ),
    (
        "VK",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO )&( )&1 )&F )&N )&S )&V );E );T )B( )B1 )BF )BN )BS \
         )BV )E( )E1 )EF )EK )EN )ES )EV )F( )O( )OF )UE 1 1&( 1&1 1&F 1&N 1&S 1&V 1; 1;C 1;E 1;T \
         1B( 1B1 1BF 1BN 1BS 1BV 1C 1E( 1E1 1EF 1EK 1EN 1ES 1EV 1O( 1OF 1OS 1OV 1U( 1UE F() F(1 \
         F(F F(N F(S F(V N N&( N&1 N&F N&N N&S N&V N; N;C N;E N;T NB( NB1 NBF NBN NBS NBV NC NE( \
         NE1 NEF NEN NES NEV NU( NUE S S&( S&1 S&F S&N S&S S&V S; S;C S;E S;T SB( SB1 SBF SBN SBS \
         SBV SC SE( SE1 SEF SEK SEN SES SEV SO( SO1 SOF SON SOS SOV SU( SUE UE( UE1 UEF UEK UEN \
         UES UEV V V&( V&1 V&F V&N V&S V&V V; V;C V;E V;T VB( VB1 VBF VBN VBS VBV VC VE( VE1 VEF \
         VEK VEN VES VEV VO( VOF VOS VU( VUE",
    ),
    (
        "VO",
        "(1& (1) (1, (1O (E( (E1 (EE (EF (EK (EN (EO (ES (EV (F( (N& (N) (N, (NO (S& (S) (S, (SO \
         (V& (V) (V, (VO F() F(1 F(E F(F F(N F(S F(V K&( K&1 K&F K&N K&S K&V K(1 K(F K(N K(S K(V \
         K1C K1O KF( KNC KO( KO1 KOF KON KOS KOV KSC KSO KVC KVO S S&( S&1 S&E S&F S&K S&N S&S \
         S&U S&V S(E S(U S)& S), S); S)B S)C S)E S)F S)K S)O S)U S,( S,F S1( S1F S1N S1S S1U S1V \
         S; S;C S;E S;N S;T SA( SAF SAS SAT SAV SB( SB1 SBE SBF SBN SBS SBV SC SE( SE1 SEF SEK \
         SEN SEO SES SEU SEV SF( SK( SK) SK1 SKB SKF SKN SKS SKU SKV ST( ST1 STE STF STN STS STT \
         STV SU SU( SU1 SU; SUC SUE SUF SUK SUO SUS SUT SUV SV( SVF SVO SVS SVU U(E UEK UEN",
    ),
    (
        "VT",
        "(1) (1O (F( (N) (NO (S) (SO (V) (VO 1(F 1O( 1OF 1OS 1OV E(1 E(F E(N E(S E(V E1N E1O EF( \
         EK( EK1 EKF EKN EKS EKV ENN ENO ESN ESO EVN EVO F() F(1 F(F F(N F(S F(V N(1 N(F N(S N(V \
         N1C N1O N;E N;N N;T NE( NE1 NEF NEN NES NEV NF( NKN NN: NNC NNO NO( NOF NOS NOV NSC NSO \
         NT( NT1 NTF NTN NTS NTV NVC NVO S(F SO( SO1 SOF SON SOS SOV TNE TNK TNN TNT V(1 V(F VO( \
         VOF VOS",
    ),
    (
        "VU",
        "_ (1) (1O (E( (E1 (EF (EK (EN (ES (EV (F( (N) (NO (S) (SO (V) (VO 1,( 1,F 1C 1O( 1OF 1OS \
         1OV ; ;C C E E(1 E(E E(F E(N E(O E(S E(V E1 E1& E1( E1) E1, E1; E1B E1C E1F E1K E1N E1O \
         E1S E1U E1V E; E;C EC EF EF( EF, EF; EFC EK EK( EK1 EK; EKC EKF EKN EKO EKS EKV EN EN& \
         EN( EN) EN, EN1 EN; ENB ENC ENF ENK ENO ENS ENU EOK EON ES ES& ES( ES) ES, ES1 ES; ESB \
         ESC ESF ESK ESO ESU ESV EV EV& EV( EV) EV, EV; EVB EVC EVF EVK EVN EVO EVS EVU F() F(1 \
         F(F F(N F(S F(V K(E O(E ON( ON1 ONF ONS S,( S,F SC SO( SO1 SOF SON SOS SOV TN( TN1 TNF \
         TNN TNS TNV V,( V,F VC VO( VOF VOS",
    ),
];
