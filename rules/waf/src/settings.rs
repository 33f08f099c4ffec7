//! What directives set for all transactions.

use crate::{
    action::{
        Mode,
        ctl::{self, AuditEngine, XmlIntoArgs},
    },
    error::Problem,
    pattern::{Case, Pattern},
    place::Places,
    seclang::{Files, Sources, ast::Text},
    transform::UnicodeMap,
};

/// Settings of a rule set.
#[derive(Debug)]
pub struct Settings {
    /// `SecRuleEngine`
    pub mode: Mode,
    /// `SecRequestBodyAccess`
    pub request_body_access: bool,
    /// `SecRequestBodyLimit`, in bytes.
    pub request_body_max: usize,
    /// `SecRequestBodyNoFilesLimit`, in bytes.
    pub request_body_no_files_max: usize,
    /// `SecRequestBodyLimitAction`: whether what is longer is refused, or inspected as far as the limit.
    pub request_body_rejects: bool,
    /// `SecRequestBodyJsonDepthLimit`
    pub json_depth_max: usize,
    /// `SecArgumentsLimit`
    pub arguments_max: usize,
    /// `SecArgumentSeparator`
    pub argument_separator: u8,
    /// `SecParseXmlIntoArgs`
    pub xml_into_args: XmlIntoArgs,
    /// `SecUploadFileLimit`
    pub files_max: usize,
    /// `SecResponseBodyAccess`
    pub response_body_access: bool,
    /// `SecResponseBodyMimeType`, in lower case.
    pub response_types: Vec<Vec<u8>>,
    /// `SecResponseBodyLimit`, in bytes.
    pub response_body_max: usize,
    /// `SecResponseBodyLimitAction`
    pub response_body_rejects: bool,
    /// Steps of a pattern that needs backtracking.
    pub steps_max: usize,
    /// `SecAuditEngine`
    pub audit: AuditEngine,
    /// `SecAuditLogRelevantStatus`
    pub audit_status: Option<Pattern>,
    /// `SecUnicodeMapFile`
    pub unicode: Option<UnicodeMap>,
    /// `SecCollectionTimeout`, in seconds.
    pub collection_timeout: i64,
    /// `SecGeoLookupDb`
    pub places: Option<Places>,
    /// `SecHttpBlKey`
    pub http_bl_key: Option<Vec<u8>>,
    /// `SecWebAppId`
    pub web_app_id: Vec<u8>,
    /// `SecComponentSignature`, each once.
    pub components: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::DetectionOnly,
            request_body_access: true,
            request_body_max: 13_107_200,
            request_body_no_files_max: 1 << 20,
            request_body_rejects: true,
            json_depth_max: 512,
            arguments_max: 1_000,
            argument_separator: b'&',
            xml_into_args: XmlIntoArgs::Off,
            files_max: 100,
            response_body_access: false,
            response_types: [&b"text/plain"[..], b"text/html", b"text/xml"]
                .map(<[u8]>::to_vec)
                .into(),
            response_body_max: 512 << 10,
            response_body_rejects: false,
            steps_max: STEPS_MAX,
            audit: AuditEngine::default(),
            audit_status: None,
            unicode: None,
            collection_timeout: 3_600,
            places: None,
            http_bl_key: None,
            web_app_id: b"default".to_vec(),
            components: Vec::new(),
        }
    }
}

/// Steps of a pattern that needs backtracking, where nothing is set.
const STEPS_MAX: usize = 1_000_000;
/// PCRE counts calls of its matcher, each of which is several of our steps.
const STEPS_PER_CALL: usize = 100;

impl Settings {
    /// Carries out a directive.
    ///
    /// # Errors
    ///
    /// A bad value, or a file that cannot be read.
    pub fn set(
        &mut self,
        name: &str,
        arguments: &[Text],
        files: &dyn Files,
        sources: &Sources,
    ) -> Result<(), Problem> {
        let empty = Text::default();
        let value = arguments.first().unwrap_or(&empty);
        match name.to_ascii_lowercase().as_str() {
            "secruleengine" => self.mode = ctl::word(value, ctl::MODES)?,
            "secrequestbodyaccess" => self.request_body_access = ctl::word(value, ctl::ON_OFF)?,
            "secrequestbodylimit" => self.request_body_max = ctl::size(value)?,
            "secrequestbodynofileslimit" => self.request_body_no_files_max = ctl::size(value)?,
            "secrequestbodylimitaction" => self.request_body_rejects = ctl::word(value, LIMIT)?,
            "secrequestbodyjsondepthlimit" => self.json_depth_max = ctl::size(value)?,
            "secargumentslimit" => self.arguments_max = ctl::size(value)?,
            "secargumentseparator" => self.argument_separator = separator(value)?,
            "secparsexmlintoargs" => self.xml_into_args = ctl::word(value, ctl::XML_INTO_ARGS)?,
            "secuploadfilelimit" => self.files_max = ctl::size(value)?,
            "secresponsebodyaccess" => self.response_body_access = ctl::word(value, ctl::ON_OFF)?,
            "secresponsebodymimetype" => {
                let types =
                    arguments.iter().flat_map(|text| text.bytes.split(u8::is_ascii_whitespace));
                self.response_types
                    .extend(types.filter(|one| !one.is_empty()).map(<[u8]>::to_ascii_lowercase));
            }
            "secresponsebodymimetypesclear" => self.response_types.clear(),
            "secresponsebodylimit" => self.response_body_max = ctl::size(value)?,
            "secresponsebodylimitaction" => self.response_body_rejects = ctl::word(value, LIMIT)?,
            "secpcrematchlimit" | "secpcrematchlimitrecursion" => {
                self.steps_max = ctl::size(value)?.saturating_mul(STEPS_PER_CALL);
            }
            "secauditengine" => self.audit = ctl::word(value, ctl::AUDIT)?,
            "secauditlogrelevantstatus" => {
                let pattern = Pattern::new(&value.bytes, Case::Sensitive);
                let pattern = pattern.map_err(|message| Problem::with(value, message))?;
                self.audit_status = Some(pattern);
            }
            "secunicodemapfile" => self.unicode = unicode(arguments, files, sources)?,
            "seccollectiontimeout" => self.collection_timeout = ctl::size(value)? as i64,
            "secgeolookupdb" => self.places = Some(places(value, files, sources)?),
            "sechttpblkey" => self.http_bl_key = Some(value.bytes.clone()),
            "secwebappid" => self.web_app_id = value.bytes.clone(),
            "seccomponentsignature" => {
                let component = String::from_utf8_lossy(&value.bytes).into_owned();
                if !self.components.contains(&component) {
                    self.components.push(component);
                }
            }
            _ => return Err(Problem::with(value, format!("`{name}` is not carried out"))),
        }
        Ok(())
    }
}

const LIMIT: &[(&str, bool)] = &[("Reject", true), ("ProcessPartial", false)];

fn separator(value: &Text) -> Result<u8, Problem> {
    match value.bytes.as_slice() {
        [separator] => Ok(*separator),
        _ => Err(Problem::with(value, "a separator is one byte")),
    }
}

fn unicode(
    arguments: &[Text],
    files: &dyn Files,
    sources: &Sources,
) -> Result<Option<UnicodeMap>, Problem> {
    let (Some(file), Some(code_page)) = (arguments.first(), arguments.get(1)) else {
        let first = arguments.first().cloned().unwrap_or_default();
        return Err(Problem::with(
            &first,
            "no code page behind the file, as in `unicode.mapping 20127`",
        ));
    };
    let page = String::from_utf8_lossy(&code_page.bytes).trim().parse();
    let page = page.map_err(|_| Problem::with(code_page, "a code page is a number"))?;
    let text = read(file, files, sources)?;
    UnicodeMap::parse(&text, page).map(Some).map_err(|error| Problem::with(file, error.to_string()))
}

fn places(file: &Text, files: &dyn Files, sources: &Sources) -> Result<Places, Problem> {
    Places::new(read(file, files, sources)?).map_err(|error| {
        Problem::with(file, format!("no database of MaxMind's format 2 (.mmdb): {error}"))
    })
}

/// The contents of a file that a directive names, relative to its own.
fn read(file: &Text, files: &dyn Files, sources: &Sources) -> Result<Vec<u8>, Problem> {
    let directory = sources.at(file.place).map(|source| source.directory());
    let path = directory.unwrap_or("".as_ref()).join(&*String::from_utf8_lossy(&file.bytes));
    files
        .read(&path)
        .map_err(|error| Problem::with(file, format!("cannot read `{}`: {error}", path.display())))
}
